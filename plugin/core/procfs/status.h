/* The door to /proc/PID/status.  Any thread. */
#ifndef PM_CORE_PROCFS_STATUS_H
#define PM_CORE_PROCFS_STATUS_H

#include "core/parse/parse_pid.h"

/* Of the process whose folder is open as dir.  It is read whole, however many
 * supplementary groups it lists (up to NGROUPS_MAX, 65,536 of 11 bytes) before
 * the lines that matter; the kernel makes all of it for the first byte anyway
 * (single_open()).  -errno, or -EINVAL if it is incomplete. */
int pm_status_read(int dir, struct pm_status *ret);

#endif
