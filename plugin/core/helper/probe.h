/* The door to `procman-hold probe`, the child that reads what may block:
 * another process's cmdline, sysfs sensors, remote and FUSE file systems, the
 * user database.  A request may take PM_PROBE_WAIT_MS; then the child is
 * killed, a new one serves the next request, and the same thing is not asked
 * for again for a minute, doubled each time up to an hour.  A child that cannot
 * be killed (FUSE waits) is abandoned; there are never more than PM_PROBE_STUCK
 * of those.  Belongs to the tick's thread. */
#ifndef PM_CORE_HELPER_PROBE_H
#define PM_CORE_HELPER_PROBE_H

#include "base/err.h"
#include "base/hold_protocol.h"
#include "base/now.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  PM_PROBE_WAIT_MS = 50,
  PM_PROBE_START_MS = 500, /* exec of the helper, which no user can delay */
  PM_PROBE_STUCK = 4,
  /* Any user can make a cmdline hang: that alone must not use up the children
   * that disks and sensors need. */
  PM_PROBE_STUCK_CMDLINE = 2,
};

struct pm_probe;

/* helper: path of procman-hold; proc_path, sys_path: its roots.  All three are
 * borrowed.  The child is started at the first request.  NULL: no memory. */
struct pm_probe *pm_probe_new(const char *helper, const char *proc_path,
                              const char *sys_path);
void pm_probe_free(struct pm_probe *probe); /* accepts NULL; never waits */

/* Each returns 0 or more on success, or
 *   -ETIMEDOUT  no reply in time; the child was killed,
 *   -EAGAIN     not asked: it is backed off, too many children are stuck, or
 *               the helper could not be started a short while ago,
 *   other       the helper's error (ENOENT, ESRCH, EACCES, ...), or why it
 *               could not be started.
 * Those that fill a buffer return the length; it is NUL-terminated. */
ssize_t pm_probe_cmdline(struct pm_probe *probe, struct pm_now now, int32_t pid,
                         uint64_t birth, char *buf, size_t size);
ssize_t pm_probe_sysfs(struct pm_probe *probe, struct pm_now now,
                       const char *path, char *buf, size_t size);
int pm_probe_statvfs(struct pm_probe *probe, struct pm_now now,
                     const char *path, struct pm_hold_space *ret);
ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size);

/* Why the helper could not be started since the last call, for the caller to
 * log: 0 or -errno. */
int pm_probe_error(struct pm_probe *probe, struct pm_err *err);

#endif
