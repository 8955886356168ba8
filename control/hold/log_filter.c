#include "hold/log_filter.h"

#include <string.h>

bool hold_log_matches(const struct hold_log_filter *f, const char *text,
                      size_t length) {
  const struct hold_log_match *m = f->match;
  return !m->length || memmem(text, length, m->text, m->length);
}
