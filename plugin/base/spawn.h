/* Starts procman-hold as collectd may start a child: posix_spawn(3), so no
 * fork handlers of other plugins run; every signal at its default, none
 * blocked, a session of its own, null for the standard streams, one end of a
 * socket pair as PM_HOLD_SOCKET and no other descriptor.  Nobody waits for it:
 * collectd ignores SIGCHLD, and its exec plugin reaps everybody's children. */
#ifndef PM_BASE_SPAWN_H
#define PM_BASE_SPAWN_H

#include <sys/types.h>

/* argv ends with NULL.  fd becomes PM_HOLD_SOCKET; it must be above that, and
 * stays the caller's.  -errno. */
int pm_spawn(const char *path, char *const argv[], int fd, pid_t *ret);

/* A SOCK_SEQPACKET pair, close-on-exec: ends[0] out of the way (base/fd.h),
 * ends[1] for pm_spawn.  -errno. */
int pm_spawn_pair(int ends[2]);

#endif
