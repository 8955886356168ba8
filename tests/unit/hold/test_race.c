/* What may happen between two steps of hold_kill: the process ends and its
 * number is another's, or a member leaves its group.  hold_kill runs in a child
 * of the test, whose children are the processes in question.
 * Link with -Wl,--wrap=syscall. */
#include "hold/kill.h"

#include "unit/support/check.h"
#include "unit/support/hold_client.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long before_call; /* what happens, happens before this system call */
static void (*happens)(void);
static pid_t target, stranger;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...) {
  va_list ap;
  va_start(ap, number);
  long a = va_arg(ap, long), b = va_arg(ap, long), c = va_arg(ap, long),
       d = va_arg(ap, long);
  va_end(ap);
  void (*now)(void) = happens;
  bool of_target = number != SYS_pidfd_open || a == target;
  if (number == before_call && of_target && now) {
    happens = NULL;
    now();
  }
  return __real_syscall(number, a, b, c, d);
}

static void number_is_anothers(void) {
  usleep(30000); /* the clock of births has gone on */
  hold_client_end(target);
  hold_client_number = target;
  hold_client_namespaces = 1;
  stranger = hold_client_target(0, 0);
  hold_client_number = 0;
}

static void leaves_its_group(void) {
  setpgid(target, target);
  stranger = target;
}

struct row {
  const char *name;
  enum pm_hold_scope scope;
  long before;
  void (*happens)(void);
  int error;
};

static bool ask(const struct row *row, struct pm_hold_kill_reply *ret) {
  int ends[2];
  char *argv[] = {(char *)(uintptr_t) "kill", (char *)(uintptr_t) "/proc"};
  pid_t leader = hold_client_target(0, 0);
  target = hold_client_target(0, leader);
  struct pm_hold_kill_request request =
      row->scope == PM_HOLD_PROCESS ? hold_client_process(target, 0).request
                                    : hold_client_group(leader, 0).request;
  siginfo_t ended; /* a zombie keeps the group, and is not signalled */
  kill(leader, SIGKILL);
  waitid(P_PID, (id_t)leader, &ended, WEXITED | WNOWAIT);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
    return false;
  hold_client_send(ends[0], &(struct iovec){&request, sizeof request}, 1);
  int above = dup(ends[0]); /* ends[0] may be the very number */
  dup2(ends[1], PM_HOLD_SOCKET);
  before_call = row->before;
  happens = row->happens;
  return hold_kill(2, argv) == 0 &&
         recv(above, ret, sizeof *ret, 0) == sizeof *ret;
}

static bool check_row(const struct row *row) {
  struct pm_hold_kill_reply got = {0};
  bool fine = check_true(row->name, "it answers", ask(row, &got));
  fine &= check_true(row->name, "it happened", stranger);
  fine &= check_int(row->name, "error", got.error, row->error);
  fine &= check_u64(row->name, "signalled", got.signalled, 0);
  fine &= check_int(row->name, "was hit", hold_client_was_hit(stranger), false);
  hold_client_end(stranger);
  return fine;
}

static void between(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"another's before the pidfd", PM_HOLD_PROCESS, SYS_pidfd_open,
       number_is_anothers, ESTALE},
      {"another's before the signal", PM_HOLD_PROCESS, SYS_pidfd_send_signal,
       number_is_anothers, ESRCH},
      {"a member leaves", PM_HOLD_PROCESS_GROUP, SYS_pidfd_open,
       leaves_its_group, 0},
      {"a member is another", PM_HOLD_PROCESS_GROUP, SYS_pidfd_open,
       number_is_anothers, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
      _exit(!check_row(&rows[i]));
    waitpid(pid, &status, 0);
    check_int(rows[i].name, "the child's status", status, 0);
  }
  check_end();
}

int main(void) {
  check_pidfd();
  if (geteuid() != 0)
    check_skip("to choose a process's number takes root");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(between),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
