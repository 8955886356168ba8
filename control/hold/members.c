#include "hold/members.h"

#include "base/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT = 4096, AT_ONCE = 64 /* descriptors */ };

bool hold_pids_contain(const struct hold_pids *pids, int32_t pid) {
  for (size_t i = 0; i < pids->count; i++)
    if (pids->at[i] == pid)
      return true;
  return false;
}

static int add(struct hold_pids *pids, int32_t pid) {
  if (pids->count == pids->room) {
    size_t room = pids->room ? 2 * pids->room : 64;
    int32_t *more = realloc(pids->at, room * sizeof *more);
    if (!more)
      return -ENOMEM;
    pids->at = more;
    pids->room = room;
  }
  pids->at[pids->count++] = pid;
  return 0;
}

/* A number a line; 0 is a process of another pid namespace. */
int hold_members_list(int procs, struct hold_pids *ret) {
  char text[TEXT];
  int32_t pid = 0;
  if (lseek(procs, 0, SEEK_SET) < 0)
    return -errno;
  for (;;) {
    ssize_t n = read(procs, text, sizeof text);
    if (n <= 0)
      return n < 0 ? -errno : 0;
    for (ssize_t i = 0; i < n; i++) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
        continue;
      }
      int status = pid ? add(ret, pid) : 0;
      if (status < 0)
        return status;
      pid = 0;
    }
  }
}

/* 0 or -errno. */
static int signal_one(int pidfd, int signal) {
  int status = pm_pidfd_send_signal(pidfd, signal);
  if (status == 0 && signal == SIGTERM)
    pm_pidfd_send_signal(pidfd, SIGCONT); /* stopped, it takes no other */
  return status;
}

/* Between its reading and the opening of its pidfd a number can become another
 * process's; one that is listed after that is what the pidfd is of. */
static int signal_some(int procs, const int32_t *pid, size_t count,
                       const struct hold_pids *spare, int signal,
                       int *ret_denied) {
  int fd[AT_ONCE], living = 0;
  struct hold_pids now = {0};
  for (size_t i = 0; i < count; i++)
    fd[i] = pm_pidfd_open(pid[i]);
  int status = hold_members_list(procs, &now);
  for (size_t i = 0; i < count; i++) {
    if (fd[i] < 0)
      continue;
    if (status == 0 && hold_pids_contain(&now, pid[i])) {
      bool spared = spare && hold_pids_contain(spare, pid[i]);
      int sent = signal_one(fd[i], spared ? 0 : signal);
      living += sent == 0;
      *ret_denied += sent == -EPERM;
    }
    close(fd[i]);
  }
  free(now.at);
  return living;
}

int hold_members_signal(int procs, const struct hold_pids *members,
                        const struct hold_pids *spare, int signal,
                        int *ret_denied) {
  int living = 0;
  *ret_denied = 0;
  for (size_t i = 0; i < members->count; i += AT_ONCE) {
    size_t left = members->count - i;
    living +=
        signal_some(procs, members->at + i, left < AT_ONCE ? left : AT_ONCE,
                    spare, signal, ret_denied);
  }
  return living;
}
