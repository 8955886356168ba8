#include "base/pidfd.h"

#include "unit/support/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child(void) {
  pid_t pid = fork();
  if (pid == 0)
    for (;;)
      pause();
  return pid;
}

static void a_life(void **state) {
  (void)state;
  pid_t pid = child();
  int fd = pm_pidfd_open(pid), status;
  if (fd == -ENOSYS)
    skip();
  check_true("alive", "is alive", pm_pidfd_is_alive(fd));
  check_true("alive", "has not ended", !pm_pidfd_has_ended(fd));
  pm_pidfd_reap(fd); /* does not wait for it */
  check_int("alive", "signal 0", pm_pidfd_send_signal(fd, 0), 0);
  check_int("alive", "KILL", pm_pidfd_send_signal(fd, SIGKILL), 0);
  waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
  check_true("zombie", "has ended", pm_pidfd_has_ended(fd));
  check_true("zombie", "is not alive", !pm_pidfd_is_alive(fd));
  pm_pidfd_reap(fd);
  check_int("reaped", "no child is left", waitpid(pid, &status, WNOHANG), -1);
  check_int("reaped", "signal", pm_pidfd_send_signal(fd, 0), -ESRCH);
  close(fd);
  check_end();
}

static void none(void **state) {
  (void)state;
  check_int("no such process", "open", pm_pidfd_open(0x7fffffff), -ESRCH);
  check_int("no descriptor", "signal", pm_pidfd_send_signal(-1, 0), -EBADF);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_life),
      cmocka_unit_test(none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
