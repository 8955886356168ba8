#include "hold/keep/session.h"

#include "hold/process.h"

#include "base/pidfd.h"

#include <errno.h>
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
  close(fd);
  return status == 0;
}

int keep_session_signal(int32_t session, int signal) {
  struct hold_list list = {0};
  int living = 0, proc = hold_process_open_proc("/proc");
  if (proc < 0)
    return 0;
  hold_process_list_session(proc, session, &list);
  for (size_t i = 0; i < list.count; i++) {
    int32_t pid = list.at[i].pid;
    living += signal_member(proc, pid, session, pid == session ? 0 : signal);
  }
  free(list.at);
  close(proc);
  return living;
}
