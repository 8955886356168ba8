#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t set_text(struct pm_err *err, int num, const char *format,
                       va_list ap) {
  err->num = num;
  int n = vsnprintf(err->text, sizeof err->text, format, ap);
  if (n < 0)
    n = 0;
  return (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
}

int pm_err_set(struct pm_err *err, int num, const char *format, ...) {
  if (!err)
    return -num;
  va_list ap;
  va_start(ap, format);
  size_t n = set_text(err, num, format, ap);
  va_end(ap);
  char reason[128] = "";
  /* the GNU strerror_r may return a static text instead of filling ours */
  snprintf(err->text + n, sizeof err->text - n, ": %s",
           strerror_r(num, reason, sizeof reason));
  return -num;
}

int pm_err_say(struct pm_err *err, int num, const char *format, ...) {
  if (!err)
    return -num;
  va_list ap;
  va_start(ap, format);
  set_text(err, num, format, ap);
  va_end(ap);
  return -num;
}
