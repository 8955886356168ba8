/* Helpers at work: how many, what comes back, and what if nothing does.  In
 * place of procman-hold stands this program itself, with a mode that says what
 * it shall do. */
#include "server/action.h"

#include "base/hold_protocol.h"
#include "fakes/unix.h"
#include "hold/request.h"
#include "unit/support/check.h"
#include "unit/support/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 60000 };

/* ---- the helper's side ---- */

static int play(const char *mode) {
  char record[256];
  int fd;
  ssize_t n = hold_request_receive(record, sizeof record, &fd);
  if (strcmp(mode, "echo") == 0)
    return send(PM_HOLD_SOCKET, record, (size_t)n, 0) != n;
  if (strcmp(mode, "die") == 0)
    return 1;
  /* "hang": until the other end is closed */
  return recv(PM_HOLD_SOCKET, record, sizeof record, 0) == 0 ? 0 : 2;
}

/* ---- ours ---- */

static struct pm_actions actions;

struct heard {
  unsigned times;
  size_t length;
  char record[64];
};

static void hear(void *arg, const void *record, size_t length) {
  struct heard *h = arg;
  h->times++;
  h->length = length;
  memcpy(h->record, record ? record : "", length < 64 ? length : 64);
}

static int begin(void **state) {
  (void)state;
  static char self[512];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = '\0';
  actions = (struct pm_actions){.path = self, .proc_path = "/proc"};
  return pm_loop_new(&actions.loop, NULL);
}

static int end(void **state) {
  (void)state;
  pm_action_done(&actions);
  pm_loop_free(actions.loop);
  return children_have_ended() ? 0 : -1;
}

static const struct pm_now start = {.mono = 100 * PM_NS_PER_S};

static int run(const char *mode, uint32_t uid, struct heard *heard,
               struct pm_action **ret) {
  static char first[] = "two ", second[] = "parts";
  const struct iovec record[] = {{first, 4}, {second, 5}};
  return pm_action_start(&actions, start, mode, uid, record, 2, -1, hear, heard,
                         ret, NULL);
}

/* Lets the loop run until somebody was heard, or it takes too long. */
static void until_heard(const struct heard *h) {
  uint64_t first = clock_ms();
  while (!h->times && clock_ms() - first < LONG_MS) {
    pm_loop_wait(actions.loop, 50000000, 1);
    pm_loop_dispatch(actions.loop);
  }
}

static void answers(void **state) {
  (void)state;
  static const struct {
    const char *mode, *record;
  } rows[] = {{"echo", "two parts"}, {"die", ""}};
  size_t had = open_descriptors();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct heard h = {0};
    check_int(rows[i].mode, "status", run(rows[i].mode, 5, &h, NULL), 0);
    check_u64(rows[i].mode, "deadline", pm_action_next(&actions),
              start.mono + PM_ACTION_WAIT_S * PM_NS_PER_S);
    check_u64(rows[i].mode, "not before the loop runs", h.times, 0);
    until_heard(&h);
    check_u64(rows[i].mode, "times", h.times, 1);
    check_u64(rows[i].mode, "length", h.length, strlen(rows[i].record));
    check_bytes(rows[i].mode, "record", h.record, rows[i].record,
                strlen(rows[i].record));
    pm_action_sweep(&actions, start);
    check_true(rows[i].mode, "is swept", !actions.list);
    pm_action_sweep(&actions, (struct pm_now){.mono = UINT64_MAX});
    check_u64(rows[i].mode, "and not heard again", h.times, 1);
  }
  check_u64("both", "descriptors", open_descriptors(), had);
  check_u64("none", "deadline", pm_action_next(&actions), 0);
  check_end();
}

static void timeout(void **state) {
  (void)state;
  struct heard h = {0};
  struct pm_now now = start;
  size_t had = open_descriptors();
  while (waitpid(-1, NULL, WNOHANG) > 0) /* those of other tests */
    ;
  check_int("hang", "status", run("hang", 5, &h, NULL), 0);
  now.mono += PM_ACTION_WAIT_S * PM_NS_PER_S - 1;
  pm_action_sweep(&actions, now);
  check_u64("10 s less 1 ns", "heard", h.times, 0);
  now.mono++;
  pm_action_sweep(&actions, now);
  check_u64("10 s", "heard", h.times, 1);
  check_u64("10 s", "length", h.length, 0);
  check_true("10 s", "is swept", !actions.list);
  check_u64("10 s", "descriptors", open_descriptors(), had);
  int status = 0;
  pid_t pid = waitpid(-1, &status, 0);
  check_true("10 s", "it was killed",
             pid < 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  check_end();
}

static void cancelled(void **state) {
  (void)state;
  struct heard first = {0}, second = {0};
  struct pm_action *helper = NULL;
  pm_action_cancel(NULL);
  check_int("cancelled", "status", run("echo", 5, &first, &helper), 0);
  pm_action_cancel(helper);
  check_int("next", "status", run("echo", 5, &second, NULL), 0);
  until_heard(&second);
  uint64_t first_ms = clock_ms();
  while (actions.list && clock_ms() - first_ms < LONG_MS) {
    pm_loop_wait(actions.loop, 50000000, 1);
    pm_loop_dispatch(actions.loop);
    pm_action_sweep(&actions, start);
  }
  check_u64("cancelled", "heard", first.times, 0);
  check_true("cancelled", "is swept", !actions.list);
  check_end();
}

static void limits(void **state) {
  (void)state;
  static struct heard h[PM_ACTIONS];
  size_t had = open_descriptors();
  enum { OTHERS = PM_ACTIONS - PM_ACTIONS_ROOT };
  for (uint32_t i = 0; i < OTHERS; i++) {
    check_int("28, 4 a user", "status",
              run("hang", 1 + i / PM_ACTIONS_USER, &h[i], NULL), 0);
    if (i == PM_ACTIONS_USER - 1)
      check_int("a fifth", "status", run("hang", 1, &h[0], NULL), -EAGAIN);
  }
  check_int("a 29th", "status", run("hang", 99, &h[0], NULL), -EAGAIN);
  for (int i = OTHERS; i < PM_ACTIONS; i++)
    check_int("the rest is root's", "status", run("hang", 0, &h[i], NULL), 0);
  check_int("a 33rd", "status", run("hang", 0, &h[0], NULL), -EAGAIN);
  struct pm_now later = {.mono = start.mono + PM_ACTION_WAIT_S * PM_NS_PER_S};
  pm_action_sweep(&actions, later);
  for (int i = 0; i < PM_ACTIONS; i++)
    check_u64("each", "heard", h[i].times, 1);
  check_int("room again", "status", run("hang", 0, &h[0], NULL), 0);
  pm_action_done(&actions);
  check_u64("done", "nobody is called", h[0].times, 1);
  check_u64("done", "descriptors", open_descriptors(), had);
  check_end();
}

static void cannot_start(void **state) {
  (void)state;
  struct heard h = {0};
  size_t had = open_descriptors();
  actions.path = "/no/such/helper";
  check_int("no helper", "status", run("echo", 5, &h, NULL), -ENOENT);
  check_u64("no helper", "heard", h.times, 0);
  check_true("no helper", "list", !actions.list);
  check_u64("no helper", "descriptors", open_descriptors(), had);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(int argc, char **argv) {
  if (argc > 1)
    return play(argv[1]);
  check_pidfd();
  const struct CMUnitTest tests[] = {
      HERE(answers), HERE(timeout),      HERE(cancelled),
      HERE(limits),  HERE(cannot_start),
  };
  return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
