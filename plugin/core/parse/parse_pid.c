#include "core/parse/parse_pid.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PF_KTHREAD UINT64_C(0x00200000) /* include/linux/sched.h */

enum { STAT_LAST = 28 }; /* startstack; what follows is not needed */

/* Fields 4..STAT_LAST into f[] by their number in proc(5).  Negative values
 * (tpgid, priority) come out as garbage and are not used. */
static bool stat_numbers(const char *p, const char *end,
                         uint64_t f[STAT_LAST + 1]) {
  for (int i = 4; i <= STAT_LAST; i++) {
    while (p < end && *p == ' ')
      p++;
    if (p < end && *p == '-')
      p++;
    if (p >= end || !isdigit((unsigned char)*p))
      return false;
    uint64_t n = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
      n = n * 10 + (uint64_t)(*p - '0');
    f[i] = n;
  }
  /* a number that ends with the text may have been cut in half */
  return p < end;
}

static void stat_fill(const uint64_t f[STAT_LAST + 1], struct pm_units units,
                      struct pm_task *t) {
  t->ppid = (int32_t)f[4];
  t->flags = f[9] & PF_KTHREAD ? PM_TASK_KERNEL : 0;
  t->reaped_faults = f[11];
  t->birth = f[22];
  /* exec makes a new address space; both are 0 where ptrace access to the
   * process is denied, and then comm alone must tell */
  t->exec_mark = f[28] ^ f[26] << 1;
  pm_task_set(t, PM_F_faults_minor, f[10]);
  pm_task_set(t, PM_F_faults_major, f[12]);
  pm_task_set(t, PM_F_cpu_user, f[14] * units.tick_ns);
  pm_task_set(t, PM_F_cpu_system, f[15] * units.tick_ns);
  pm_task_set(t, PM_F_threads, f[20]);
  pm_task_set(t, PM_F_vsize, f[23]);
  pm_task_set(t, PM_F_rss, f[24] * units.page_bytes);
  pm_task_set(t, PM_F_birth, f[22]);
}

int pm_parse_stat(const char *text, size_t length, struct pm_units units,
                  struct pm_task *ret) {
  const char *end = text + length;
  const char *open = memchr(text, '(', length);
  const char *close = memrchr(text, ')', length);
  if (!open || !close || close < open || end - close < 4)
    return -EINVAL;
  uint64_t f[STAT_LAST + 1];
  if (!stat_numbers(close + 3, end, f) || f[22] == 0)
    return -EINVAL;

  *ret = (struct pm_task){.pid = atoi(text), .state = close[2]};
  size_t comm = (size_t)(close - open - 1);
  memcpy(ret->comm, open + 1, comm < PM_COMM ? comm : PM_COMM - 1);
  stat_fill(f, units, ret);
  return 0;
}

/* The number behind "KEY" at the start of a line. */
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
    return *end != '\0'; /* a line that was cut has no end */
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

/* The four numbers behind "\nKEY:". */
static bool line_ids(const char *text, const char *key, uint32_t ret[PM_IDS]) {
  const char *line = strstr(text, key);
  char behind; /* a number that ends with the text may have been cut */
  return line && sscanf(line + strlen(key), "%u %u %u %u%c", &ret[PM_ID_REAL],
                        &ret[PM_ID_EFFECTIVE], &ret[PM_ID_SAVED],
                        &ret[PM_ID_FILES], &behind) == PM_IDS + 1;
}

int pm_parse_status(const char *text, struct pm_status *ret) {
  struct pm_status status = {.swap_known = false};
  if (!line_ids(text, "\nUid:", status.uid))
    return -EINVAL;
  *ret = status;
  ret->gid_known = line_ids(text, "\nGid:", ret->gid);
  const char *permitted = strstr(text, "\nCapPrm:");
  ret->permitted = permitted ? strtoull(permitted + 8, NULL, 16) : UINT64_MAX;
  uint64_t kilobytes;
  ret->swap_known = line_number(text, "VmSwap:", &kilobytes);
  if (ret->swap_known)
    ret->swap_bytes = kilobytes * 1024;
  return 0;
}

static bool copy_line(const char *p, char *ret, size_t size) {
  size_t length = strcspn(p, "\n");
  if (p[length] != '\n')
    return false;
  if (length >= size)
    length = size - 1;
  memcpy(ret, p, length);
  ret[length] = '\0';
  return true;
}

int pm_parse_cgroup(const char *text, char *ret, size_t size) {
  const char *unified = NULL, *systemd = NULL;
  for (const char *p = text; *p;) {
    if (strncmp(p, "0::", 3) == 0)
      unified = p + 3;
    const char *named = strstr(p, ":name=systemd:");
    if (named && named < p + strcspn(p, "\n"))
      systemd = named + strlen(":name=systemd:");
    p += strcspn(p, "\n");
    p += *p == '\n';
  }
  /* on a hybrid host everything sits in the root of the unified hierarchy */
  bool rooted = unified && strncmp(unified, "/\n", 2) == 0;
  const char *from = unified && !(rooted && systemd) ? unified : systemd;
  return from && copy_line(from, ret, size) ? 0 : -EINVAL;
}

int pm_parse_fd_limit(const char *text, uint64_t *ret) {
  const char *line = strstr(text, "Max open files");
  if (!line)
    return -EINVAL;
  line += strlen("Max open files");
  line += strspn(line, " ");
  if (strncmp(line, "unlimited", 9) == 0) {
    *ret = UINT64_MAX;
    return 0;
  }
  char *end;
  uint64_t limit = strtoull(line, &end, 10);
  if (end == line || *end != ' ')
    return -EINVAL;
  *ret = limit;
  return 0;
}
