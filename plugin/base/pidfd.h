/* A process by a descriptor, which cannot become another's as its pid can
 * (pidfd_open(2), Linux 5.3).  Any thread. */
#ifndef PM_BASE_PIDFD_H
#define PM_BASE_PIDFD_H

#include <stdbool.h>
#include <sys/types.h>

/* The caller's to close.  -errno: ENOSYS before Linux 5.3; EINVAL and ENOENT
 * for the number of a thread. */
int pm_pidfd_open(pid_t pid);
/* 0 or -errno. */
int pm_pidfd_send_signal(int pidfd, int signal);
/* Neither blocks; if the kernel does not tell, both are false. */
bool pm_pidfd_has_ended(int pidfd);
bool pm_pidfd_is_alive(int pidfd);
/* Of a child that has ended: where SIGCHLD is not ignored, it would remain a
 * zombie. */
void pm_pidfd_reap(int pidfd);

#endif
