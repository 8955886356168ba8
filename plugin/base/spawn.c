#include "base/spawn.h"

#include "base/fd.h"
#include "base/hold_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static int choose_files(posix_spawn_file_actions_t *files, int fd) {
  int num = 0;
  for (int i = 0; i < 3 && !num; i++)
    num = posix_spawn_file_actions_addopen(files, i, "/dev/null", O_RDWR, 0);
  if (!num)
    num = posix_spawn_file_actions_adddup2(files, fd, PM_HOLD_SOCKET);
  if (!num)
    num = posix_spawn_file_actions_addclosefrom_np(files, PM_HOLD_SOCKET + 1);
  return num;
}

static int choose_signals(posix_spawnattr_t *attr) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(attr, &all);
  posix_spawnattr_setsigmask(attr, &none);
  return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSID);
}

int pm_spawn(const char *path, char *const argv[], int fd, pid_t *ret) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attr;
  if (posix_spawn_file_actions_init(&files) != 0)
    return -ENOMEM;
  if (posix_spawnattr_init(&attr) != 0) {
    posix_spawn_file_actions_destroy(&files);
    return -ENOMEM;
  }
  char *envp[] = {(char *)(uintptr_t) "LC_ALL=C", NULL};
  int num = choose_signals(&attr);
  if (!num)
    num = choose_files(&files, fd);
  if (!num)
    num = posix_spawn(ret, path, &files, &attr, argv, envp);
  posix_spawnattr_destroy(&attr);
  posix_spawn_file_actions_destroy(&files);
  return -num;
}

/* The child's end must be above PM_HOLD_SOCKET: dup2(2) of a descriptor onto
 * itself keeps close-on-exec, and 0 to 2 are opened before. */
int pm_spawn_pair(int ends[2]) {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return -errno;
  int above = fcntl(ends[1], F_DUPFD_CLOEXEC, PM_HOLD_SOCKET + 1);
  int num = errno;
  close(ends[1]);
  if (above < 0) {
    close(ends[0]);
    return -num;
  }
  ends[0] = pm_fd_high(ends[0]);
  ends[1] = above;
  return 0;
}
