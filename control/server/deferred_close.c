#include "server/deferred_close.h"

#include "base/fd.h"
#include "base/hold_protocol.h"
#include "base/pidfd.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Starts a helper that holds the connection as PM_HOLD_SOCKET. -errno. */
static int start(const struct pm_deferred_closes *deferred, int fd,
                 pid_t *ret) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "drop", NULL};
  int above = fcntl(fd, F_DUPFD_CLOEXEC, PM_HOLD_SOCKET + 1);
  if (above < 0)
    return -errno;
  int status = pm_spawn(deferred->path, argv, above, ret);
  close(above); /* not the last one: fd is still open */
  return status;
}

/* Without a pidfd nobody would know when the helper has ended.  Then the
 * connection is kept, so that the helper does not release the last reference,
 * and it is tried again later. */
static bool hand_over(struct pm_deferred_closes *deferred, int fd) {
  pid_t pid;
  if (start(deferred, fd, &pid) < 0)
    return false;
  int pidfd = pm_pidfd_open(pid);
  if (pidfd < 0)
    return false;
  deferred->pidfd[deferred->busy++] = pm_fd_high(pidfd);
  close(fd);
  return true;
}

void pm_deferred_close(struct pm_deferred_closes *deferred, int fd) {
  if (deferred->waiting < PM_DEFERRED_ROOM)
    deferred->fd[deferred->waiting++] = fd;
  pm_deferred_close_sweep(deferred);
}

bool pm_deferred_close_pending(const struct pm_deferred_closes *deferred) {
  return deferred->busy || deferred->waiting;
}

bool pm_deferred_close_full(const struct pm_deferred_closes *deferred) {
  return deferred->waiting >= PM_DEFERRED_FULL;
}

static void reap(struct pm_deferred_closes *deferred) {
  for (unsigned i = 0; i < deferred->busy;) {
    if (!pm_pidfd_has_ended(deferred->pidfd[i])) {
      i++;
      continue;
    }
    pm_pidfd_reap(deferred->pidfd[i]);
    close(deferred->pidfd[i]);
    deferred->pidfd[i] = deferred->pidfd[--deferred->busy];
  }
}

void pm_deferred_close_sweep(struct pm_deferred_closes *deferred) {
  reap(deferred);
  while (deferred->waiting && deferred->busy < PM_DEFERRED_HELPERS &&
         hand_over(deferred, deferred->fd[deferred->waiting - 1]))
    deferred->waiting--;
}

void pm_deferred_close_done(struct pm_deferred_closes *deferred) {
  pid_t pid;
  for (; deferred->waiting; deferred->waiting--) {
    int fd = deferred->fd[deferred->waiting - 1];
    if (start(deferred, fd, &pid) == 0)
      close(fd);
  }
  for (; deferred->busy; deferred->busy--)
    close(deferred->pidfd[deferred->busy - 1]);
}
