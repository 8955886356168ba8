#include "hold/log_cursor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hold_log_cursor_add(char *cursor, size_t size,
                         const struct hold_log_position *p) {
  size_t n = strlen(cursor);
  snprintf(cursor + n, size - n, "%sf%" PRIx64 ".%" PRIx64 ".%" PRIx64,
           n ? "-" : "", p->dev, p->ino, p->offset);
}

/* Digits, then `end`. */
static const char *take_number(const char *text, char end, uint64_t *ret) {
  char *stop;
  if (!*text || !strchr("0123456789abcdef", *text) || text[1] == 'x')
    return NULL;
  errno = 0;
  *ret = strtoull(text, &stop, 16);
  return errno || (*stop != end && (end || *stop != '-')) ? NULL : stop;
}

static const char *take_position(const char *text,
                                 struct hold_log_position *ret) {
  if (*text++ != 'f')
    return NULL;
  text = take_number(text, '.', &ret->dev);
  text = text ? take_number(text + 1, '.', &ret->ino) : NULL;
  return text ? take_number(text + 1, '\0', &ret->offset) : NULL;
}

int hold_log_cursor_find(const char *cursor, struct hold_log_position *ret) {
  int found = 0;
  ret->offset = 0;
  for (const char *at = cursor;; at++) {
    struct hold_log_position p;
    at = take_position(at, &p);
    if (!at || p.offset > INT64_MAX)
      return -1;
    if (p.dev == ret->dev && p.ino == ret->ino) {
      ret->offset = p.offset;
      found = 1;
    }
    if (!*at)
      return found;
  }
}
