#include "base/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int pm_pidfd_open(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : fd;
}

int pm_pidfd_send_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno
                                                                    : 0;
}

/* A pidfd becomes readable when its process has ended. */
static int poll_now(int pidfd) {
  struct pollfd p = {.fd = pidfd, .events = POLLIN};
  return poll(&p, 1, 0);
}

bool pm_pidfd_has_ended(int pidfd) { return poll_now(pidfd) > 0; }

bool pm_pidfd_is_alive(int pidfd) { return poll_now(pidfd) == 0; }

void pm_pidfd_reap(int pidfd) {
  siginfo_t unused;
  waitid((idtype_t)P_PIDFD, (id_t)pidfd, &unused, WEXITED | WNOHANG);
}
