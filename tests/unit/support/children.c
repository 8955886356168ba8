#include "unit/support/children.h"

#include "base/pidfd.h"

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3000 }; /* of 20 ms; a busy machine may be slow */

bool child_stop(int pidfd) {
  siginfo_t info = {0};
  return pm_pidfd_send_signal(pidfd, SIGSTOP) == 0 &&
         waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info,
                WSTOPPED | WEXITED | WNOWAIT) == 0 &&
         info.si_code == CLD_STOPPED;
}

static bool one_lives(void) {
  pid_t pid;
  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
    continue;
  return pid == 0;
}

/* Those which do not answer to a closed socket: by the kernel's list. */
static void kill_all(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *list = fopen(path, "re");
  int pid;
  while (list && fscanf(list, "%d", &pid) == 1)
    kill(pid, SIGKILL);
  if (list)
    fclose(list);
}

bool children_have_ended(void) {
  static const struct timespec pause = {.tv_nsec = 20000000};
  for (int i = 0; i < TRIES; i++) {
    if (!one_lives())
      return true;
    nanosleep(&pause, NULL);
  }
  kill_all();
  return false;
}
