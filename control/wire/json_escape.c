#include "wire/json_escape.h"

#include "wire/utf8.h"

#include <string.h>

struct piece {
  char bytes[8];
  size_t length;
};

static const char hex[] = "0123456789ABCDEF";

static struct piece piece_of(const char *bytes, size_t length) {
  struct piece p = {.length = length};
  memcpy(p.bytes, bytes, length);
  return p;
}

/* RFC 8259, 7. */
static struct piece escape(unsigned char c) {
  static const char shorts[256] = {
      ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
      ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
  if (shorts[c])
    return (struct piece){{'\\', shorts[c]}, 2};
  return (struct piece){{'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6};
}

static bool is_plain(unsigned char c) {
  return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static size_t plain_span(const char *text, size_t length) {
  size_t n = 0;
  while (n < length && is_plain((unsigned char)text[n]))
    n++;
  return n;
}

/* One character that is not plain, as it is written. */
static struct piece next_piece(const char *text, size_t length,
                               size_t *ret_taken, bool *ret_changed) {
  bool good = true;
  unsigned char c = (unsigned char)text[0];
  *ret_taken = 1;
  if (c && c < 0x80)
    return escape(c);
  if (c)
    *ret_taken = pm_utf8_span(text, length, &good);
  if (c && good)
    return piece_of(text, *ret_taken);
  *ret_changed = true;
  return piece_of("\xef\xbf\xbd", 3);
}

ptrdiff_t pm_json_escape(struct pm_buf *out, const char *text, size_t length,
                         size_t most, bool *ret_changed) {
  size_t taken = 0, room = most - 2;
  int status = pm_buf_add(out, "\"", 1);
  *ret_changed = false;
  while (status == 0 && taken < length && room > 0) {
    size_t n = plain_span(text + taken, length - taken);
    n = n < room ? n : room;
    status = pm_buf_add(out, text + taken, n);
    taken += n;
    room -= n;
    if (status < 0 || n || !room)
      continue;
    bool changed = false;
    struct piece p = next_piece(text + taken, length - taken, &n, &changed);
    if (p.length > room)
      break;
    *ret_changed |= changed;
    status = pm_buf_add(out, p.bytes, p.length);
    taken += n;
    room -= p.length;
  }
  if (status == 0)
    status = pm_buf_add(out, "\"", 1);
  return status < 0 ? status : (ptrdiff_t)taken;
}
