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
  bool whole = false; /* btime follows the CPUs */
  for (const char *p = text; p; p = next_line(p)) {
    if (strncmp(p, "cpu", 3) == 0 && isdigit((unsigned char)p[3]))
      t.cpus++;
    else if (strncmp(p, "btime ", 6) == 0 && next_line(p)) {
      t.boot_time = strtoull(p + 6, NULL, 10);
      whole = true;
    }
  }
  if (t.cpus == 0 || !whole)
    return -EINVAL;
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

/* Undoes the \ooo of seq_path() in place: the text only gets shorter. */
static void unescape(char *word) {
  char *to = word;
  for (const char *p = word; *p; p++) {
    bool octal = p[0] == '\\' && isdigit((unsigned char)p[1]) && p[2] && p[3];
    *to++ = octal ? (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'))
                  : *p;
    p += octal ? 3 : 0;
  }
  *to = '\0';
}

/* Behind the blank that ends the word at p; NULL: none does. */
static char *next_word(char *p, const char *end) {
  char *blank = p ? memchr(p, ' ', (size_t)(end - p)) : NULL;
  return blank ? blank + 1 : NULL;
}

/* A number that ends with `ends`; *p is moved behind that. */
static bool read_number(char **p, char ends, uint32_t *ret) {
  char *end;
  if (!isdigit((unsigned char)**p))
    return false;
  *ret = (uint32_t)strtoul(*p, &end, 10);
  *p = end + 1;
  return *end == ends;
}

static char *take_word(char *word, char *behind) {
  behind[-1] = '\0';
  unescape(word);
  return word;
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS...] - TYPE SOURCE OPTIONS
 * Changes nothing before all of it was found. */
static int parse_mount_line(char *line, char *end, struct pm_mount *ret) {
  struct pm_mount m;
  char *root = line;
  if (!read_number(&root, ' ', &m.id) || !read_number(&root, ' ', &m.parent) ||
      !read_number(&root, ':', &m.major) || !read_number(&root, ' ', &m.minor))
    return -EINVAL;
  char *point = next_word(root, end), *options = next_word(point, end);
  char *dash = options
                   ? memmem(options - 1, (size_t)(end - options + 1), " - ", 3)
                   : NULL;
  if (!dash)
    return -EINVAL;
  char *type = dash + 3, *source = next_word(type, end);
  char *rest = next_word(source, end);
  if (!rest || source - type < 2 || options - point < 2)
    return -EINVAL;
  m.point = take_word(point, options);
  m.type = take_word(type, source);
  m.source = take_word(source, rest);
  *ret = m;
  return 0;
}

int pm_parse_mount(char **cursor, struct pm_mount *ret) {
  char *line = *cursor;
  if (!*line)
    return 1;
  char *end = strchr(line, '\n');
  *cursor = end ? end + 1 : line + strlen(line);
  return end ? parse_mount_line(line, end, ret) : -EINVAL;
}
