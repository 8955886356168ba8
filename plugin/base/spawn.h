/* Starts procman-hold in a way that is safe within collectd: by posix_spawn(3),
 * so that no other plugin's fork handlers run.  The child has default signal
 * handlers, none blocked, a session of its own, /dev/null as its standard
 * streams, one end of a socket pair as PM_HOLD_SOCKET, and no other descriptor.
 * It is not waited for: collectd ignores SIGCHLD, and its exec plugin reaps any
 * child. */
#ifndef PM_BASE_SPAWN_H
#define PM_BASE_SPAWN_H

#include <sys/types.h>

/* argv ends with NULL.  fd becomes PM_HOLD_SOCKET in the child; it must be
 * greater, and the caller still owns it.  -errno. */
int pm_spawn(const char *path, char *const argv[], int fd, pid_t *ret);

/* A SOCK_SEQPACKET pair, close-on-exec: ends[0] for the caller (moved by
 * pm_fd_high), ends[1] for pm_spawn.  -errno. */
int pm_spawn_pair(int ends[2]);

#endif
