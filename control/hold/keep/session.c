#include "hold/keep/session.h"

#include "hold/process.h"

#include "base/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* True: it can be signalled.  Another user's, as sudo(8) leaves it, cannot, and
 * must not be waited for. */
static bool signal_member(int proc, int32_t pid, int32_t session, int signal) {
  struct hold_process p;
  int fd = pm_pidfd_open(pid);
  if (fd < 0)
    return false;
  bool is_member =
      hold_process_read(proc, pid, &p) == 0 && p.session == session && p.lives;
  int status = is_member ? pm_pidfd_send_signal(fd, signal) : -ESRCH;
  if (status == 0 && signal == SIGTERM)
    pm_pidfd_send_signal(fd, SIGCONT); /* one that is stopped takes no other */
  close(fd);
  return status == 0;
}

static bool contains(const struct hold_list *list, int32_t pid) {
  for (size_t i = 0; i < list->count; i++)
    if (list->at[i].pid == pid)
      return true;
  return false;
}

static int signal_all(const struct keep_session *s, int proc,
                      const struct hold_list *members, int32_t number) {
  int living = 0;
  for (size_t i = 0; i < members->count; i++) {
    int32_t pid = members->at[i].pid;
    bool spare =
        pid == number || (s->signal == SIGTERM && contains(&s->told, pid));
    living += signal_member(proc, pid, number, spare ? 0 : s->signal);
  }
  return living;
}

void keep_session_done(struct keep_session *s) {
  free(s->told.at);
  *s = (struct keep_session){0};
}

int keep_session_signal(struct keep_session *s, int32_t number, int signal) {
  struct hold_list members = {0};
  int proc = hold_process_open_proc("/proc");
  if (proc < 0)
    return 0;
  if (s->signal != signal)
    keep_session_done(s);
  s->signal = signal;
  hold_process_list_session(proc, number, &members);
  int living = signal_all(s, proc, &members, number);
  close(proc);
  free(s->told.at);
  s->told = members;
  return living;
}
