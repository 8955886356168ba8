#include "core/parse/parse_sys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *next_line(const char *p) {
  p = strchr(p, '\n');
  return p ? p + 1 : NULL;
}

int pm_parse_cpu(const char *text, struct pm_cpu_times *ret) {
  struct pm_cpu_times t = {0};
  if (strncmp(text, "cpu ", 4) != 0)
    return -EINVAL;
  /* columns were added over the years: the first four always exist */
  int n = sscanf(text,
                 "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                 &t.user, &t.nice, &t.system, &t.idle, &t.iowait, &t.irq,
                 &t.softirq, &t.steal, &t.guest, &t.guest_nice);
  if (n < 4)
    return -EINVAL;
  for (const char *p = text; p; p = next_line(p)) {
    if (strncmp(p, "cpu", 3) == 0 && isdigit((unsigned char)p[3]))
      t.cpus++;
    else if (strncmp(p, "btime ", 6) == 0 && next_line(p))
      t.boot_time = strtoull(p + 6, NULL, 10);
  }
  if (t.cpus == 0 || t.boot_time == 0)
    return -EINVAL; /* btime follows the CPUs: without it the text was cut */
  *ret = t;
  return 0;
}

struct memory_line {
  const char *key;
  size_t offset;
  bool optional;
};

/* A count of kB that stands for a negative one stays impossibly large. */
static uint64_t bytes_of(const char *kilobytes) {
  uint64_t n = strtoull(kilobytes, NULL, 10);
  return n > UINT64_MAX / 1024 ? UINT64_MAX : n * 1024;
}

static bool read_memory_line(const char *text, const struct memory_line *line,
                             struct pm_memory *m) {
  size_t length = strlen(line->key);
  for (const char *p = text; p; p = next_line(p)) {
    if (strncmp(p, line->key, length) != 0)
      continue;
    if (!next_line(p))
      return false;
    uint64_t bytes = bytes_of(p + length);
    memcpy((char *)m + line->offset, &bytes, sizeof bytes);
    return true;
  }
  return line->optional;
}

int pm_parse_memory(const char *text, struct pm_memory *ret) {
#define AT(member) offsetof(struct pm_memory, member)
  static const struct memory_line lines[] = {
      {"MemTotal:", AT(total), false},
      {"MemFree:", AT(free), false},
      {"MemAvailable:", AT(available), true},
      {"Buffers:", AT(buffers), false},
      {"Cached:", AT(cached), false},
      {"SReclaimable:", AT(reclaimable), true},
      {"SwapTotal:", AT(swap_total), false},
      {"SwapFree:", AT(swap_free), false},
  };
#undef AT
  struct pm_memory m = {0};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (!read_memory_line(text, &lines[i], &m))
      return -EINVAL;
  if (m.total == 0)
    return -EINVAL;
  /* lxcfs can show more than the total (psutil, _pslinux.py) */
  if (m.available == 0 || m.available > m.total)
    m.available = m.free;
  *ret = m;
  return 0;
}

int pm_parse_load(const char *text, double ret[3]) {
  double l[3];
  char behind; /* a number that ends with the text may have been cut */
  if (sscanf(text, "%lf %lf %lf%c", &l[0], &l[1], &l[2], &behind) != 4)
    return -EINVAL;
  memcpy(ret, l, sizeof l);
  return 0;
}

int pm_parse_uptime(const char *text, double *ret) {
  double seconds;
  char behind;
  if (sscanf(text, "%lf%c", &seconds, &behind) != 2)
    return -EINVAL;
  *ret = seconds;
  return 0;
}

/* Undoes the \ooo of seq_path(); false if the word was cut at size. */
static bool unescape(const char *from, size_t length, char *ret, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < length && n + 1 < size; n++) {
    bool octal = from[i] == '\\' && i + 3 < length &&
                 isdigit((unsigned char)from[i + 1]);
    ret[n] = octal ? (char)((from[i + 1] - '0') << 6 |
                            (from[i + 2] - '0') << 3 | (from[i + 3] - '0'))
                   : from[i];
    i += octal ? 4 : 1;
    if (i >= length) {
      ret[n + 1] = '\0';
      return true;
    }
  }
  ret[n] = '\0';
  return length == 0;
}

/* The n-th word of a line, counted from 0. */
static const char *find_word(const char *line, const char *end, int n,
                             size_t *length) {
  const char *p = line;
  for (; n > 0; n--) {
    p = memchr(p, ' ', (size_t)(end - p));
    if (!p)
      return NULL;
    p++;
  }
  const char *stop = memchr(p, ' ', (size_t)(end - p));
  *length = (size_t)((stop ? stop : end) - p);
  return p;
}

/* The n-th word, unescaped.  cut: a longer one may be cut. */
static bool copy_word(const char *line, const char *end, int n, bool cut,
                      char *ret, size_t size) {
  size_t length;
  const char *p = find_word(line, end, n, &length);
  return p && length > 0 && (unescape(p, length, ret, size) || cut);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS...] - TYPE SOURCE OPTIONS */
static int parse_mount_line(const char *line, const char *end,
                            struct pm_mount *ret) {
  const char *dash = memmem(line, (size_t)(end - line), " - ", 3);
  if (!dash || sscanf(line, "%*u %*u %u:%u", &ret->major, &ret->minor) != 2)
    return -EINVAL;
  const char *type = dash + 3;
  ret->source[0] = '\0'; /* it may be empty */
  copy_word(type, end, 1, true, ret->source, sizeof ret->source);
  return copy_word(line, dash, 4, false, ret->point, sizeof ret->point) &&
                 copy_word(type, end, 0, true, ret->type, sizeof ret->type)
             ? 0
             : -EINVAL;
}

int pm_parse_mount(const char **cursor, struct pm_mount *ret) {
  const char *line = *cursor;
  if (!*line)
    return 1;
  const char *end = strchr(line, '\n');
  *cursor = end ? end + 1 : line + strlen(line);
  struct pm_mount mount;
  if (!end || parse_mount_line(line, end, &mount) < 0)
    return -EINVAL;
  *ret = mount;
  return 0;
}
