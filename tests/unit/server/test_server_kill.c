/* kill_process and what follows in time, with a procman-hold that is told what
 * to do: this program itself, started again. */
#include "hold/read.h"
#include "hold/request.h"
#include "server/client.h"

#include "base/hold_protocol.h"
#include "fakes/server.h"
#include "fakes/unix.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REAL_MS = 60000 }; /* of real time: a busy machine may be slow */

static const char *count_path(pid_t test) {
  static char path[64];
  snprintf(path, sizeof path, "/tmp/pm-test-kill-%d", test);
  return path;
}

/* Signals nobody: says that all is well, and on KILL says nothing at all. */
static int act_as_hold(void) {
  struct {
    struct pm_hold_kill_request kill;
    uint32_t groups[1024];
  } record;
  const struct pm_hold_kill_request *request = &record.kill;
  struct pm_hold_kill_reply reply = {.schema = PM_HOLD_SCHEMA, .signalled = 1};
  int fd;
  if (hold_request_receive(&record, sizeof record, &fd) <
      (ssize_t)sizeof *request)
    return 1;
  int count = open(count_path(getppid()), O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (write(count, "x", 1) != 1)
    return 1;
  reply.group = request->pid;
  if (request->signal == SIGKILL)
    pause();
  return send(PM_HOLD_SOCKET, &reply, sizeof reply, 0) < 0;
}

static int begin(void **state) {
  unlink(count_path(getpid()));
  server_begin(state);
  ssize_t n =
      readlink("/proc/self/exe", server.helper, sizeof server.helper - 1);
  server.helper[n > 0 ? n : 0] = '\0';
  return 0;
}

static int end(void **state) {
  unlink(count_path(getpid()));
  return server_end(state);
}

/* Somebody to be signalled, in a group of its own. */
static pid_t sleeper(void) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause();
  }
  setpgid(pid, pid);
  return pid;
}

static void end_sleeper(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static int send_kill(pid_t pid, const char *rest) {
  int fd = server_connect();
  char text[256];
  snprintf(text, sizeof text,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"kill_process\","
           "\"params\":{\"pid\":%d,%s}}\n",
           pid, rest);
  server_send(fd, text);
  return fd;
}

/* Until the first signal was answered: then the end is waited for, and looked
 * for much sooner than procman-hold could be given up. */
static void until_answered(void) {
  uint64_t first_ms = clock_ms();
  for (;;) {
    server_settle();
    uint64_t next = pm_server_next(server.server);
    if (next && next - server.now.mono < PM_NS_PER_S)
      return;
    if (clock_ms() - first_ms > REAL_MS)
      break;
    sleep_ms(2);
  }
  check_true("procman-hold", "answers", false);
}

/* Field 22 of its stat; its name has no blanks. */
static uint64_t birth_of(pid_t pid) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = '\0';
  char *p = text;
  for (int field = 1; field < 22 && p; field++) {
    p = strchr(p, ' ');
    p += p != NULL;
  }
  return p ? strtoull(p, NULL, 10) : 0;
}

static bool was_asked(pid_t pid) {
  struct pm_exit exit = {.pid = pid, .birth = birth_of(pid), .status = SIGTERM};
  return pm_exchange_was_asked(server.exchange, &exit, server.now.mono);
}

/* Nothing but the time wakes the server when a helper is given up. */
static void hold_does_not_answer(void **state) {
  (void)state;
  pid_t pid = sleeper();
  int fd = send_kill(pid, "\"timeout_seconds\":1");
  until_answered();
  check_true("sent", "its end was asked for", was_asked(pid));
  server_wait(2);
  check_text("escalating", "no answer yet", server_read(fd, NULL), "");
  server_wait(11);
  const char *answer = server_read(fd, NULL);
  check_true(answer, "has failed", strstr(answer, "\"code\":\"internal\""));
  check_true(answer, "says why", strstr(answer, "did not answer"));
  close(fd);
  end_sleeper(pid);
  check_end();
}

/* Whether anybody of a group is alive is asked of procman-hold: twice a second,
 * however quickly it answers. */
static void asks_not_too_often(void **state) {
  (void)state;
  pid_t pid = sleeper();
  int fd = send_kill(pid, "\"scope\":\"process_group\",\"timeout_seconds\":60");
  until_answered();
  for (int i = 0; i < 100; i++) { /* five seconds */
    sleep_ms(10);
    server_wait(0.05);
  }
  int count = open(count_path(getpid()), O_RDONLY);
  char starts[4096];
  ssize_t n = read(count, starts, sizeof starts);
  close(count);
  check_true("5 seconds", "it is asked", n >= 3);
  if (n > 12)
    check_int("5 seconds", "times it is started", n, 12);
  close(fd);
  end_sleeper(pid);
  check_end();
}

/* An action that is refused was never started, and so has nothing to release.
 */
static void refused(void **state) {
  (void)state;
  pid_t client = fork();
  if (client == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* a sandbox */
    int fd = unix_connect(server.path);
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                              "\"kill_process\",\"params\":{\"pid\":1}}\n";
    char answer[4096];
    ssize_t n;
    if (send(fd, ask, sizeof ask - 1, 0) < 0)
      _exit(1);
    while ((n = recv(fd, answer, sizeof answer - 1, 0)) < 0 && errno == EAGAIN)
      sleep_ms(1);
    answer[n > 0 ? n : 0] = '\0';
    _exit(strstr(answer, "permission_denied") ? 0 : 2);
  }
  int status = 0;
  uint64_t first_ms = clock_ms();
  while (waitpid(client, &status, WNOHANG) == 0 &&
         clock_ms() - first_ms < REAL_MS) {
    server_settle();
    sleep_ms(2);
  }
  server_settle();
  check_int("in a sandbox", "is refused", WEXITSTATUS(status), 0);
  check_true("in a sandbox", "silences nothing", !was_asked(1));
  check_true("in a sandbox", "descriptor 0 is open",
             fcntl(STDIN_FILENO, F_GETFD) >= 0);
  check_end();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(hold_does_not_answer, begin, end),
      cmocka_unit_test_setup_teardown(asks_not_too_often, begin, end),
      cmocka_unit_test_setup_teardown(refused, begin, end),
  };
  if (argc > 1)
    return strcmp(argv[1], "kill") == 0   ? act_as_hold()
           : strcmp(argv[1], "read") == 0 ? hold_read(argc - 1, argv + 1)
                                          : 2;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
