/* The files of one process as numbers.  Pure: text in, record out; source is
 * proc(5) and the kernel's fs/proc/array.c.  Every function returns 0, or
 * -EINVAL if the text is not whole, and then leaves the output untouched. */
#ifndef PM_CORE_PARSE_PARSE_PID_H
#define PM_CORE_PARSE_PARSE_PID_H

#include "base/units.h"
#include "core/record/task.h"

/* /proc/PID/stat.  comm may hold spaces, parentheses and newlines: it ends at
 * the last ')'.  The split of user and system is the kernel's own. */
int pm_parse_stat(const char *text, size_t length, struct pm_units units,
                  struct pm_task *ret);

/* /proc/PID/io: adds the four I/O counters. */
int pm_parse_io(const char *text, struct pm_task *ret);

/* As the kernel lists them. */
enum pm_id { PM_ID_REAL, PM_ID_EFFECTIVE, PM_ID_SAVED, PM_ID_FILES, PM_IDS };

/* /proc/PID/status: users and groups; swap in bytes (absent for threads of the
 * kernel). */
struct pm_status {
  uint32_t uid[PM_IDS], gid[PM_IDS];
  bool gid_known, swap_known;
  uint64_t swap_bytes;
  uint64_t permitted; /* capabilities; all of them where that is not said */
};
int pm_parse_status(const char *text, struct pm_status *ret);

/* /proc/PID/cgroup: the path in the unified hierarchy, or in systemd's own
 * when the unified one is not in use.  Cut silently at size. */
int pm_parse_cgroup(const char *text, char *ret, size_t size);

/* /proc/PID/limits: the soft limit of open files; UINT64_MAX = unlimited. */
int pm_parse_fd_limit(const char *text, uint64_t *ret);

#endif
