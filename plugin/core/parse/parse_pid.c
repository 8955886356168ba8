#include "core/parse/parse_pid.h"

#include "base/copy.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { STAT_LAST = 28 }; /* startstack; what follows is not needed */

/* Fields 4..STAT_LAST into f[] by their number in proc(5); of a task that is
 * being released, group and session are -1, which stays -1 when it is cast. */
static bool stat_numbers(const char *p, const char *end,
                         uint64_t f[STAT_LAST + 1]) {
  for (int i = 4; i <= STAT_LAST; i++) {
    while (p < end && *p == ' ')
      p++;
    bool negative = p < end && *p == '-';
    p += negative;
    if (p >= end || !isdigit((unsigned char)*p))
      return false;
    uint64_t n = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
      n = n * 10 + (uint64_t)(*p - '0');
    f[i] = negative ? -n : n;
  }
  /* a number that ends with the text may have been cut in half */
  return p < end;
}

static void stat_fill(const uint64_t f[STAT_LAST + 1], struct pm_stat *s) {
  s->ppid = (int32_t)f[4];
  s->group = (int32_t)f[5];
  s->session = (int32_t)f[6];
  s->flags = f[9];
  s->faults_minor = f[10];
  s->reaped_faults = f[11];
  s->faults_major = f[12];
  s->user_ticks = f[14];
  s->sys_ticks = f[15];
  s->threads = f[20];
  s->birth = f[22];
  s->vsize_bytes = f[23];
  s->rss_pages = f[24];
  s->startcode = f[26];
  s->startstack = f[28];
}

int pm_parse_stat(const char *text, size_t length, struct pm_stat *ret) {
  const char *end = text + length;
  const char *open = memchr(text, '(', length);
  const char *close = memrchr(text, ')', length);
  if (!open || !close || close < open || end - close < 4)
    return -EINVAL;
  uint64_t f[STAT_LAST + 1];
  if (!stat_numbers(close + 3, end, f) || f[22] == 0)
    return -EINVAL;
  *ret = (struct pm_stat){.pid = atoi(text), .state = close[2]};
  size_t comm = (size_t)(close - open - 1);
  memcpy(ret->comm, open + 1, comm < PM_COMM ? comm : PM_COMM - 1);
  stat_fill(f, ret);
  return 0;
}

/* A counter that stands for a negative number gives a product that does not
 * fit: it is not known then. */
static bool multiply(uint64_t n, uint64_t unit, uint64_t *ret) {
  uint64_t product;
  if (__builtin_mul_overflow(n, unit, &product))
    return false;
  *ret = product;
  return true;
}

static void set_product(struct pm_task *t, enum pm_field field, uint64_t n,
                        uint64_t unit) {
  uint64_t product;
  if (multiply(n, unit, &product))
    pm_task_set(t, field, product);
}

/* exec makes a new address space; where ptrace access is denied both are 0, and
 * only comm can show an exec. */
static uint32_t exec_mark_of(const struct pm_stat *s) {
  uint64_t mark = s->startstack ^ s->startcode << 1;
  return (uint32_t)(mark ^ mark >> 32);
}

static void stat_to_task(const struct pm_stat *s, struct pm_units units,
                         struct pm_task *t) {
  *t = (struct pm_task){
      .pid = s->pid,
      .ppid = s->ppid,
      .state = s->state,
      .flags = s->flags & PM_PF_KTHREAD ? PM_TASK_KERNEL : 0,
      .reaped_faults = s->reaped_faults,
      .birth = s->birth,
      .exec_mark = exec_mark_of(s),
  };
  memcpy(t->comm, s->comm, sizeof t->comm);
  pm_task_set(t, PM_F_faults_minor, s->faults_minor);
  pm_task_set(t, PM_F_faults_major, s->faults_major);
  set_product(t, PM_F_cpu_user, s->user_ticks, units.tick_ns);
  set_product(t, PM_F_cpu_system, s->sys_ticks, units.tick_ns);
  pm_task_set(t, PM_F_threads, s->threads);
  pm_task_set(t, PM_F_vsize, s->vsize_bytes);
  set_product(t, PM_F_rss, s->rss_pages, units.page_bytes);
  pm_task_set(t, PM_F_birth, s->birth);
}

int pm_parse_task(const char *text, size_t length, struct pm_units units,
                  struct pm_task *ret) {
  struct pm_stat stat;
  int status = pm_parse_stat(text, length, &stat);
  if (status == 0)
    stat_to_task(&stat, units, ret);
  return status;
}

/* The number after "KEY" at the start of a line. */
static bool line_number(const char *text, const char *key, uint64_t *ret) {
  size_t length = strlen(key);
  for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
    if (strncmp(p, key, length) != 0)
      continue;
    p += length + strspn(p + length, " \t");
    if (!isdigit((unsigned char)*p))
      return false;
    char *end;
    *ret = strtoull(p, &end, 10);
    return *end != '\0'; /* else the text was cut in this line */
  }
  return false;
}

int pm_parse_io(const char *text, struct pm_task *ret) {
  uint64_t rchar, wchar, rbytes, wbytes;
  if (!line_number(text, "rchar:", &rchar) ||
      !line_number(text, "wchar:", &wchar) ||
      !line_number(text, "read_bytes:", &rbytes) ||
      !line_number(text, "write_bytes:", &wbytes))
    return -EINVAL;
  pm_task_set(ret, PM_F_io_read, rchar);
  pm_task_set(ret, PM_F_io_write, wchar);
  pm_task_set(ret, PM_F_disk_read, rbytes);
  pm_task_set(ret, PM_F_disk_write, wbytes);
  return 0;
}

/* ---- status ---- */

enum status_kind {
  IDS,
  DECIMAL,
  HEXADECIMAL,
  KILOBYTES,
  ONLY_ONE, /* a decimal, and nothing behind it */
  FIRST,    /* a decimal, and perhaps others */
  LETTER,
};

/* The lines that are read. */
static const struct status_line {
  const char *key;
  enum status_kind kind;
  enum pm_status_known bit;
  size_t offset;
} status_lines[] = {
#define LINE(key, kind, bit, member)                                           \
  { key, kind, PM_STATUS_##bit, offsetof(struct pm_status, member) }
    LINE("State:", LETTER, STATE, state),
    LINE("Tgid:", DECIMAL, TGID, tgid),
    LINE("NSpid:", ONLY_ONE, ONLY_PID, only_pid),
    LINE("Uid:", IDS, UIDS, uid),
    LINE("Gid:", IDS, GIDS, gid),
    LINE("NSpgid:", FIRST, GROUP, group),
    LINE("NSsid:", FIRST, SESSION, session),
    LINE("VmSize:", KILOBYTES, VSIZE, vsize_bytes),
    LINE("VmRSS:", KILOBYTES, RSS, rss_bytes),
    LINE("RssAnon:", KILOBYTES, ANON, anon_bytes),
    LINE("RssFile:", KILOBYTES, FILE, file_bytes),
    LINE("RssShmem:", KILOBYTES, SHMEM, shmem_bytes),
    LINE("HugetlbPages:", KILOBYTES, HUGETLB, hugetlb_bytes),
    LINE("VmSwap:", KILOBYTES, SWAP, swap_bytes),
    LINE("Threads:", DECIMAL, THREADS, threads),
    LINE("CapPrm:", HEXADECIMAL, PERMITTED, permitted),
    LINE("CapEff:", HEXADECIMAL, EFFECTIVE, effective),
    LINE("CapBnd:", HEXADECIMAL, BOUNDING, bounding),
    LINE("NoNewPrivs:", DECIMAL, NO_NEW_PRIVS, no_new_privs),
    LINE("Seccomp:", DECIMAL, SECCOMP, seccomp),
#undef LINE
};

/* The numbers of a line that ends with a line feed, as many as there is room
 * for; returns how many there are in all, or 0 for any other line. */
static size_t line_numbers(const char *p, int base, uint64_t *ret,
                           size_t room) {
  size_t count = 0;
  for (;;) {
    p += strspn(p, " \t");
    if (!isxdigit((unsigned char)*p))
      return *p == '\n' ? count : 0;
    char *end;
    uint64_t n = strtoull(p, &end, base);
    if (end == p)
      return 0;
    if (count++ < room)
      ret[count - 1] = n;
    p = end;
  }
}

static bool parse_status_line(const struct status_line *line, const char *p,
                              void *at) {
  uint64_t n[PM_IDS];
  switch (line->kind) {
  case IDS:
    if (line_numbers(p, 10, n, PM_IDS) != PM_IDS)
      return false;
    for (size_t i = 0; i < PM_IDS; i++)
      ((uint32_t *)at)[i] = (uint32_t)n[i];
    return true;
  case KILOBYTES:
    return line_number(p, "", n) && multiply(n[0], 1024, at);
  case LETTER:
    *(char *)at = p[strspn(p, " \t")];
    return isalpha((unsigned char)*(char *)at);
  case FIRST:
    return line_numbers(p, 10, at, 1) >= 1;
  case DECIMAL:
  case HEXADECIMAL:
  case ONLY_ONE:
    break;
  }
  if (line_numbers(p, line->kind == HEXADECIMAL ? 16 : 10, n, 1) != 1)
    return false;
  *(uint64_t *)at = n[0];
  return true;
}

static const struct status_line *status_line_of(const char *p, size_t length) {
  for (size_t i = 0; i < sizeof status_lines / sizeof *status_lines; i++)
    if (strlen(status_lines[i].key) == length &&
        memcmp(status_lines[i].key, p, length) == 0)
      return &status_lines[i];
  return NULL;
}

int pm_parse_status(const char *text, struct pm_status *ret) {
  struct pm_status status = {.known = 0};
  for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : p) {
    size_t key = strcspn(p, ":\n") + 1;
    const struct status_line *line = status_line_of(p, key);
    if (line &&
        parse_status_line(line, p + key, (char *)&status + line->offset))
      status.known |= line->bit;
  }
  if (!(status.known & PM_STATUS_UIDS))
    return -EINVAL;
  *ret = status;
  return 0;
}

/* ---- other files ---- */

static bool copy_line(const char *p, char *ret, size_t size) {
  size_t length = strcspn(p, "\n");
  if (p[length] != '\n')
    return false;
  pm_copy(ret, size, p, length);
  return true;
}

size_t pm_parse_cmdline(const char *arguments, size_t length, char *ret,
                        size_t size) {
  while (length > 0 && arguments[length - 1] == '\0')
    length--;
  size_t n = length < size ? length : size - 1;
  for (size_t i = 0; i < n; i++)
    ret[i] = arguments[i] ? arguments[i] : ' ';
  ret[n] = '\0';
  return n;
}

/* In hybrid mode every process is in the root of the unified hierarchy; without
 * systemd all are in the root of the one that is named after it. */
static bool is_root(const char *path) {
  return !path || strncmp(path, "/\n", 2) == 0;
}

int pm_parse_cgroup(const char *text, char *ret, size_t size) {
  const char *unified = NULL, *systemd = NULL, *controller = NULL;
  for (const char *p = text; *p;) {
    size_t length = strcspn(p, "\n");
    const char *colon = memchr(p, ':', length);
    const char *path = colon ? strchr(colon + 1, ':') : NULL;
    if (path && path < p + length) {
      path++;
      if (colon[1] == ':')
        unified = path;
      else if (strncmp(colon, ":name=systemd:", 14) == 0)
        systemd = path;
      else if (colon[1] != 'n' && is_root(controller)) /* not name= */
        controller = path;
    }
    p += length;
    p += *p == '\n';
  }
  const char *from = unified ? unified : systemd;
  if (is_root(from) && !is_root(systemd))
    from = systemd;
  if (is_root(from) && !is_root(controller))
    from = controller;
  return from && copy_line(from, ret, size) ? 0 : -EINVAL;
}

/* Their names in fs/proc/base.c, "lnames". */
static const char *const limits[] = {
    [RLIMIT_CPU] = "Max cpu time",
    [RLIMIT_FSIZE] = "Max file size",
    [RLIMIT_DATA] = "Max data size",
    [RLIMIT_STACK] = "Max stack size",
    [RLIMIT_CORE] = "Max core file size",
    [RLIMIT_RSS] = "Max resident set",
    [RLIMIT_NPROC] = "Max processes",
    [RLIMIT_NOFILE] = "Max open files",
    [RLIMIT_MEMLOCK] = "Max locked memory",
    [RLIMIT_AS] = "Max address space",
    [RLIMIT_LOCKS] = "Max file locks",
    [RLIMIT_SIGPENDING] = "Max pending signals",
    [RLIMIT_MSGQUEUE] = "Max msgqueue size",
    [RLIMIT_NICE] = "Max nice priority",
    [RLIMIT_RTPRIO] = "Max realtime priority",
    [RLIMIT_RTTIME] = "Max realtime timeout",
};

/* The number that follows; NULL: it is none, or may have been cut. */
static const char *take_limit(const char *at, uint64_t *ret) {
  static const char unlimited[] = "unlimited ";
  char *end;
  at += strspn(at, " ");
  if (strncmp(at, unlimited, sizeof unlimited - 1) == 0) {
    *ret = UINT64_MAX;
    return at + sizeof unlimited - 1;
  }
  *ret = strtoull(at, &end, 10);
  return end == at || *end != ' ' ? NULL : end;
}

int pm_parse_limit(const char *text, unsigned resource, struct pm_limit *ret) {
  struct pm_limit limit;
  if (resource >= sizeof limits / sizeof *limits || !limits[resource])
    return -EINVAL;
  const char *line = strstr(text, limits[resource]);
  line = line ? take_limit(line + strlen(limits[resource]), &limit.soft) : NULL;
  if (!line || !take_limit(line, &limit.hard))
    return -EINVAL;
  *ret = limit;
  return 0;
}
