#include "cli/print.h"

#include "wire/utf8.h"

#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

void ctl_screen_detect(int fd, struct ctl_screen *ret) {
  *ret = (struct ctl_screen){.terminal = isatty(fd) == 1};
  ret->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  if (!ret->terminal)
    return;
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  struct winsize size = {0};
  ret->colour = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
    ret->width = size.ws_col;
    ret->height = size.ws_row;
  }
}

/* ---- messages ---- */

void ctl_out_of_memory(void) {
  fputs("procmanctl: out of memory\n", stderr);
  exit(1);
}

void ctl_warn(const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  struct pm_buf buf = PM_BUF_INIT(sizeof text * 8);
  ctl_escape(&buf, text, strlen(text), CTL_ESCAPE_SHOW);
  fflush(stdout); /* keeps the order of the two streams */
  fprintf(stderr, "procmanctl: %.*s\n", (int)buf.length, buf.data);
  pm_buf_done(&buf);
}

/* ---- escaping ---- */

static uint32_t decode(const char *bytes, size_t length) {
  const unsigned char *b = (const unsigned char *)bytes;
  static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  uint32_t c = b[0] & first[length];
  for (size_t i = 1; i < length; i++)
    c = c << 6 | (b[i] & 0x3f);
  return c;
}

static bool is_bidi(uint32_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x200e || c == 0x200f || c == 0x061c;
}

/* Returns the length of the character's escape; 0: it needs none. */
static size_t escape_character(uint32_t c, enum ctl_escape how, char *ret,
                               size_t size) {
  bool control =
      (c < 0x20 || c == 0x7f) && !(c == '\t' && how == CTL_ESCAPE_LINE);
  bool hidden = (c >= 0x80 && c <= 0x9f) || is_bidi(c);
  int n = 0;
  if (how == CTL_ESCAPE_JSON && (c == 0x7f || hidden))
    n = snprintf(ret, size, "\\u%04x", c);
  else if (how != CTL_ESCAPE_JSON && control)
    n = snprintf(ret, size, "\\x%02x", c);
  else if (how != CTL_ESCAPE_JSON && hidden)
    n = snprintf(ret, size, "\\u{%04x}", c);
  return (size_t)n;
}

static void add_bytes(struct pm_buf *buf, const char *bytes, size_t length) {
  if (pm_buf_add(buf, bytes, length) == -ENOMEM)
    ctl_out_of_memory();
}

static void add_bad(struct pm_buf *buf, const char *bytes, size_t length) {
  char word[8];
  for (size_t i = 0; i < length; i++)
    add_bytes(buf, word,
              (size_t)snprintf(word, sizeof word, "\\x%02x",
                               (unsigned char)bytes[i]));
}

void ctl_escape(struct pm_buf *buf, const char *text, size_t length,
                enum ctl_escape how) {
  while (length > 0) {
    bool good = true;
    char word[16];
    size_t span = pm_utf8_span(text, length, &good);
    size_t n =
        good ? escape_character(decode(text, span), how, word, sizeof word) : 0;
    if (!good && how != CTL_ESCAPE_JSON)
      add_bad(buf, text, span);
    else if (n > 0)
      add_bytes(buf, word, n);
    else
      add_bytes(buf, text, span);
    text += span;
    length -= span;
  }
}

char *ctl_escaped(const char *text) {
  struct pm_buf buf = PM_BUF_INIT(SIZE_MAX / 2);
  if (!text)
    text = "-";
  ctl_escape(&buf, text, strlen(text), CTL_ESCAPE_SHOW);
  add_bytes(&buf, "", 1);
  return buf.data;
}

/* ---- columns ---- */

static unsigned character_columns(const char *bytes, size_t length) {
  int width = wcwidth((wchar_t)decode(bytes, length));
  return width < 0 ? 1 : (unsigned)width;
}

size_t ctl_fitting(const char *text, unsigned columns) {
  size_t at = 0, length = strlen(text);
  while (at < length) {
    bool good;
    size_t span = pm_utf8_span(text + at, length - at, &good);
    unsigned width = good ? character_columns(text + at, span) : 1;
    if (width > columns)
      break;
    columns -= width;
    at += span;
  }
  return at;
}

unsigned ctl_columns(const char *text) {
  unsigned columns = 0;
  for (size_t length = strlen(text); length > 0;) {
    bool good;
    size_t span = pm_utf8_span(text, length, &good);
    columns += good ? character_columns(text, span) : 1;
    text += span;
    length -= span;
  }
  return columns;
}

/* ---- numbers ---- */

static bool print_unknown(double value, char ret[CTL_WORD]) {
  if (isfinite(value))
    return false;
  snprintf(ret, CTL_WORD, "-");
  return true;
}

/* 999.6 becomes 1.0 of the next unit, not 1000. */
static const char *scale(double *value) {
  static const char *const units[] = {"", "K", "M", "G", "T", "P", "E"};
  size_t i = 0;
  while (i + 1 < sizeof units / sizeof *units && fabs(*value) >= 999.5) {
    *value /= 1024;
    i++;
  }
  return units[i];
}

static int decimals(double value, const char *unit) {
  return *unit && fabs(value) < 9.95 ? 1 : 0;
}

void ctl_size(double bytes, char ret[CTL_WORD]) {
  if (print_unknown(bytes, ret))
    return;
  const char *unit = scale(&bytes);
  snprintf(ret, CTL_WORD, "%.*f%s", decimals(bytes, unit), bytes, unit);
}

void ctl_size_long(double bytes, char ret[CTL_WORD]) {
  if (print_unknown(bytes, ret))
    return;
  const char *unit = scale(&bytes);
  snprintf(ret, CTL_WORD, "%.*f %s%s", decimals(bytes, unit), bytes, unit,
           *unit ? "iB" : "B");
}

void ctl_duration(double seconds, char ret[CTL_WORD]) {
  if (print_unknown(seconds, ret))
    return;
  double s = floor(fmin(fmax(seconds, 0), 1e12));
  int64_t whole = (int64_t)s, minute = whole / 60 % 60, hour = whole / 3600;
  if (whole < 60)
    snprintf(ret, CTL_WORD, "%ds", (int)whole);
  else if (whole < 3600)
    snprintf(ret, CTL_WORD, "%dm%02ds", (int)minute, (int)(whole % 60));
  else if (hour < 24)
    snprintf(ret, CTL_WORD, "%dh%02dm", (int)hour, (int)minute);
  else
    snprintf(ret, CTL_WORD, "%lldd%02dh", (long long)(hour / 24),
             (int)(hour % 24));
}

void ctl_percent(double percent, char ret[CTL_WORD]) {
  if (!print_unknown(percent, ret))
    snprintf(ret, CTL_WORD, "%.1f", fmin(fmax(percent, -1e9), 1e9));
}

void ctl_count(double count, char ret[CTL_WORD]) {
  if (!print_unknown(count, ret))
    snprintf(ret, CTL_WORD, "%.0f", fmin(fmax(count, -1e18), 1e18));
}

static bool local_time(double seconds, struct tm *ret) {
  time_t whole = (time_t)fmin(fmax(seconds, 0), 1e11);
  return isfinite(seconds) && localtime_r(&whole, ret);
}

void ctl_date(double seconds, char ret[CTL_WORD]) {
  struct tm tm;
  if (!local_time(seconds, &tm) ||
      strftime(ret, CTL_WORD, "%Y-%m-%d %H:%M:%S", &tm) == 0)
    snprintf(ret, CTL_WORD, "-");
}

void ctl_time(double seconds, char ret[CTL_WORD]) {
  struct tm tm;
  if (!local_time(seconds, &tm)) {
    snprintf(ret, CTL_WORD, "-");
    return;
  }
  size_t n = strftime(ret, CTL_WORD, "%H:%M:%S", &tm);
  int ms = (int)((seconds - floor(seconds)) * 1000);
  snprintf(ret + n, CTL_WORD - n, ".%03d", ms);
}

/* ---- bars ---- */

char *ctl_bar(const struct ctl_screen *screen, double percent,
              unsigned columns) {
  static const char *const unicode[] = {"█", "░"}, *const ascii[] = {"#", "."};
  const char *const *parts = screen->utf8 ? unicode : ascii;
  double part = isfinite(percent) ? fmin(fmax(percent, 0), 100) / 100 : 0;
  unsigned full = (unsigned)lround(part * columns);
  struct pm_buf buf = PM_BUF_INIT(4096);
  for (unsigned i = 0; i < columns; i++)
    add_bytes(&buf, parts[i >= full], strlen(parts[i >= full]));
  add_bytes(&buf, "", 1);
  return buf.data;
}

const char *ctl_load_colour(const struct ctl_screen *screen, double percent) {
  if (!screen->colour || !isfinite(percent) || percent < 50)
    return "";
  return percent < 85 ? "33" : "31";
}
