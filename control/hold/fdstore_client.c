#include "hold/fdstore_client.h"

#include "hold/fd_message.h"
#include "hold/job_group.h"

#include "base/clean.h"
#include "base/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 1000, TRIES = 50, PAUSE_MS = 20 };

/* ---- starting it ---- */

_Noreturn static void become_store(const char *jobs, const char *group,
                                   int ready) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "fdstore", (char *)(uintptr_t)jobs, NULL};
  char *envp[] = {NULL};
  /* twice, so that it is nobody's child, and no session's leader */
  if (setsid() < 0 || fork() != 0)
    _exit(0);
  if (*group)
    hold_job_group_leave(group);
  if (dup2(ready, STDOUT_FILENO) >= 0)
    execve("/proc/self/exe", argv, envp);
  _exit(127);
}

/* Until it is bound; 0: it has ended, since there is another one, which may not
 * be bound yet, or about to end. */
static int start(const char *jobs, const char *group) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) < 0)
    return -errno;
  pid_t child = fork();
  if (child == 0)
    become_store(jobs, group, ready[1]);
  int status = child < 0 ? -errno : 0;
  close(ready[1]);
  struct pollfd p = {.fd = ready[0], .events = POLLIN};
  char byte;
  if (child > 0) {
    waitpid(child, NULL, 0);
    status = poll(&p, 1, WAIT_MS) > 0 && read(ready[0], &byte, 1) == 1;
  }
  close(ready[0]);
  return status;
}

/* ---- asking ---- */

/* A path of a socket has 107 bytes at most: through a descriptor. */
static int connect_to(const char *jobs) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  PM_CLEAN_FD int dir = open(jobs, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int s = dir < 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0)
    return -errno;
  snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", dir,
           HOLD_FDSTORE_SOCKET);
  if (connect(s, (struct sockaddr *)&a, sizeof a) == 0)
    return s;
  int status = -errno;
  close(s);
  return status;
}

/* True: that was the last. */
static bool take(int from, struct hold_kept *ret, int *ret_status) {
  struct hold_fd f = {.fd = -1};
  struct pm_pass fds;
  struct pollfd p = {.fd = from, .events = POLLIN};
  ssize_t n = poll(&p, 1, WAIT_MS) > 0
                  ? pm_pass_receive(from, f.name, sizeof f.name, 0, &fds)
                  : -ETIMEDOUT;
  if (n <= 0) {
    *ret_status = n < 0 ? (int)n : -EPIPE;
    return true;
  }
  bool valid = n <= (ssize_t)sizeof f.name && f.name[n - 1] == '\0';
  if (valid && *f.name && fds.count == 1 && ret->count < HOLD_FDS_OF_JOB) {
    f.fd = fds.fd[0];
    ret->at[ret->count++] = f;
    return false;
  }
  for (size_t i = 0; i < fds.count; i++)
    close(fds.fd[i]);
  *ret_status = valid && !*f.name ? 0 : -EBADMSG;
  return true;
}

static int ask(const char *jobs, const char *job, struct hold_kept *ret) {
  char text[HOLD_FD_MESSAGE];
  int ends[2];
  PM_CLEAN_FD int to = connect_to(jobs);
  if (to < 0)
    return to;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return -errno;
  int length = snprintf(text, sizeof text, HOLD_FD_ASK HOLD_FD_JOB "%s", job);
  const struct pm_pass fds = {{ends[1]}, 1};
  int status = pm_pass_send(to, text, (size_t)length, &fds);
  close(ends[1]);
  while (status == 0 && !take(ends[0], ret, &status))
    continue;
  close(ends[0]);
  return status;
}

int hold_fdstore_ask(const char *jobs, const char *job, const char *group,
                     struct hold_kept *ret) {
  int status = 0;
  for (int i = 0; i < TRIES; i++) {
    ret->count = 0;
    status = ask(jobs, job, ret);
    if (status == 0)
      return 0;
    for (size_t n = 0; n < ret->count; n++)
      close(ret->at[n].fd);
    ret->count = 0;
    if (status == -ETIMEDOUT) /* it hangs */
      break;
    int begun = start(jobs, group);
    if (begun < 0)
      break;
    if (begun == 0)
      poll(NULL, 0, PAUSE_MS);
  }
  return status;
}
