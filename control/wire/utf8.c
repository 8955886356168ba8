#include "wire/utf8.h"

/* The length of a sequence by its first byte (0: none), and the range of its
 * second byte. */
static size_t sequence_length(unsigned char c, unsigned char *ret_from,
                              unsigned char *ret_to) {
  *ret_from = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  *ret_to = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  if (c >= 0xc2 && c <= 0xdf)
    return 2;
  if (c >= 0xe0 && c <= 0xef)
    return 3;
  return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t pm_utf8_span(const char *text, size_t length, bool *ret_good) {
  const unsigned char *t = (const unsigned char *)text;
  *ret_good = length > 0 && t[0] < 0x80;
  if (length == 0 || *ret_good)
    return length > 0;
  unsigned char from, to;
  size_t whole = sequence_length(t[0], &from, &to), at = 1;
  for (; at < whole && at < length && t[at] >= from && t[at] <= to; at++) {
    from = 0x80;
    to = 0xbf;
  }
  *ret_good = at == whole;
  return at;
}

size_t pm_utf8_good(const char *text, size_t length) {
  size_t at = 0;
  while (at < length) {
    bool good = true;
    size_t span = pm_utf8_span(text + at, length - at, &good);
    if (!good)
      break;
    at += span;
  }
  return at;
}
