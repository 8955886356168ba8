/* The door to `procman-hold probe`, the child that reads what may block and is
 * not of a process (those are reader.h's): sysfs sensors, remote and FUSE file
 * systems, the user database.  A request may take PM_PROBE_WAIT_MS of the
 * caller's budget; then it is left to go on, and its answer is returned when
 * the same is asked for again.  A child that has not answered after
 * PM_PROBE_HANG_S is killed, and the same thing is not asked for again for a
 * minute, doubled each time up to an hour.  Belongs to the tick's thread. */
#ifndef PM_CORE_HELPER_PROBE_H
#define PM_CORE_HELPER_PROBE_H

#include "base/err.h"
#include "base/hold_probe.h"
#include "base/now.h"
#include "core/helper/budget.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  PM_PROBE_WAIT_MS = 20,
  PM_PROBE_HANG_MS = 800, /* less than a tick, so that the next one kills it */
  PM_PROBE_STUCK = 4,
};

struct pm_probe;

/* helper: path of procman-hold; proc_path, sys_path: its roots.  These and the
 * budget are borrowed.  The child is started at the first request.  NULL: no
 * memory. */
struct pm_probe *pm_probe_new(const char *helper, const char *proc_path,
                              const char *sys_path, struct pm_budget *budget);
void pm_probe_free(struct pm_probe *probe); /* accepts NULL; never waits */

/* There is at least so much time from now on: for what is rare, and no user's
 * doing. */
void pm_probe_allow(struct pm_probe *probe, uint64_t ns);

/* Each returns 0 or more on success, or
 *   -ETIMEDOUT  it hangs, and the child was killed,
 *   -EAGAIN     no answer yet, or not asked: the budget is used up, it is
 *               backed off, another request is under way, too many children are
 *               stuck, or the helper could not be started a short while ago,
 *   other       the helper's error (ENOENT, EACCES, ...), or why it could not
 *               be started.
 * Those that fill a buffer return the length; it is NUL-terminated. */
ssize_t pm_probe_sysfs(struct pm_probe *probe, struct pm_now now,
                       const char *path, char *buf, size_t size);
int pm_probe_statvfs(struct pm_probe *probe, struct pm_now now,
                     const char *path, struct pm_hold_space *ret);
ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size);

/* CPU time of its children so far. */
uint64_t pm_probe_cpu_ns(struct pm_probe *probe);

/* Why the helper could not be started since the last call, for the caller to
 * log: 0 or -errno. */
int pm_probe_error(struct pm_probe *probe, struct pm_err *err);

#endif
