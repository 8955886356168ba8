#include "hold/journal_entry.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct field {
  const char *name, *value;
  size_t name_length, length, whole;
};

/* Name, line feed, 64 bits, bytes, line feed. */
static int read_binary(const char *bytes, size_t length, size_t name,
                       struct field *ret) {
  uint64_t size;
  size_t head = name + 1 + sizeof size;
  if (length < head)
    return 0;
  memcpy(&size, bytes + name + 1, sizeof size);
  size = le64toh(size);
  if (size > HOLD_JOURNAL_ENTRY)
    return -EBADMSG;
  if (length < head + size + 1)
    return 0;
  if (bytes[head + size] != '\n')
    return -EBADMSG;
  *ret = (struct field){bytes, bytes + head, name, (size_t)size,
                        head + (size_t)size + 1};
  return 1;
}

/* 1: a field, or, with an empty name, the end of the entry. */
static int read_field(const char *bytes, size_t length, struct field *ret) {
  const char *end = memchr(bytes, '\n', length);
  if (!end)
    return length > HOLD_JOURNAL_ENTRY ? -EBADMSG : 0;
  size_t line = (size_t)(end - bytes);
  const char *equals = memchr(bytes, '=', line);
  if (!equals && line)
    return read_binary(bytes, length, line, ret);
  size_t name = equals ? (size_t)(equals - bytes) : 0;
  *ret = (struct field){bytes, equals ? equals + 1 : end, name,
                        equals ? line - name - 1 : 0, line + 1};
  return 1;
}

static bool is_named(const struct field *f, const char *name) {
  return f->name_length == strlen(name) &&
         memcmp(f->name, name, f->name_length) == 0;
}

static void take_field(const struct field *f, struct hold_journal_entry *e) {
  if (is_named(f, "MESSAGE")) {
    e->message = f->value;
    e->length = f->length;
  } else if (is_named(f, "__CURSOR") && f->length < sizeof e->cursor) {
    memcpy(e->cursor, f->value, f->length);
    e->cursor[f->length] = '\0';
  } else if (is_named(f, "__REALTIME_TIMESTAMP")) {
    e->time_us = strtoull(f->value, NULL, 10); /* a line feed is behind it */
  }
}

int hold_journal_entry_read(const char *bytes, size_t length,
                            struct hold_journal_entry *ret, size_t *ret_used) {
  size_t at = 0;
  *ret = (struct hold_journal_entry){.length = 0};
  for (;;) {
    struct field f;
    int status = read_field(bytes + at, length - at, &f);
    if (status <= 0)
      return status < 0 || length < 2 * HOLD_JOURNAL_ENTRY ? status : -EBADMSG;
    at += f.whole;
    if (f.name_length) {
      take_field(&f, ret);
    } else if (*ret->cursor) {
      *ret_used = at;
      return 1;
    }
  }
}
