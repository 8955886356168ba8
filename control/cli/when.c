#include "cli/when.h"

#include "cli/print.h"
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_ago(const char *text, double *ret) {
  static const struct {
    char unit;
    double seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  char number[32];
  double value;
  size_t n = strspn(text, "0123456789.");
  snprintf(number, sizeof number, "%.*s", (int)n, text);
  if (!text[n] || text[n + 1] || !ctl_read_number(number, 0, 1e9, &value))
    return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (units[i].unit == text[n]) {
      *ret = now_seconds() - value * units[i].seconds;
      return true;
    }
  return false;
}

/* Local time; what the format does not have is of today's midnight. */
static bool read_format(const char *text, const char *format, double *ret) {
  time_t now = time(NULL);
  struct tm tm;
  if (!localtime_r(&now, &tm))
    return false;
  tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
  tm.tm_isdst = -1;
  const char *end = strptime(text, format, &tm);
  time_t at = end && !*end ? mktime(&tm) : -1;
  *ret = (double)at;
  return at != -1;
}

bool ctl_when_read(const char *text, char letter, double *ret) {
  static const char *const formats[] = {"%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%d %H:%M",
                                        "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d",
                                        "%H:%M:%S",
                                        "%H:%M"};
  if (ctl_read_number(text, 0, 1e12, ret) || read_ago(text, ret))
    return true;
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (read_format(text, formats[i], ret))
      return true;
  ctl_warn("-%c %s: it must be 10m, 2h or 1d (ago), HH:MM, \"YYYY-MM-DD "
           "HH:MM\", or seconds since the epoch",
           letter, text);
  return false;
}
