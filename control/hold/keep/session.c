#include "hold/keep/session.h"

#include "hold/process.h"

#include "base/pidfd.h"

#include <stdlib.h>
#include <unistd.h>

static void signal_member(int proc, int32_t pid, int32_t session, int signal) {
  struct hold_process p;
  int fd = pm_pidfd_open(pid);
  if (fd < 0)
    return;
  if (hold_process_read(proc, pid, &p) == 0 && p.session == session)
    pm_pidfd_send_signal(fd, signal);
  close(fd);
}

int keep_session_signal(int32_t session, int signal) {
  struct hold_list list = {0};
  int living = 0, proc = hold_process_open_proc("/proc");
  if (proc < 0)
    return 0;
  hold_process_list_session(proc, session, &list);
  for (size_t i = 0; i < list.count; i++) {
    living += list.at[i].lives;
    if (signal && list.at[i].pid != session)
      signal_member(proc, list.at[i].pid, session, signal);
  }
  free(list.at);
  close(proc);
  return living;
}
