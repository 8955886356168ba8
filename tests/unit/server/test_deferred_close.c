/* Connections handed over: whose helper takes them, who waits, and what if it
 * does not work.  Where a helper must not end, this program itself stands in
 * its place, which takes everything and ends when all of that is closed at the
 * other end.
 */
#include "server/deferred_close.h"

#include "base/hold_protocol.h"
#include "base/now.h"
#include "base/pass.h"
#include "base/pidfd.h"
#include "fakes/unix.h"
#include "unit/support/check.h"
#include "unit/support/children.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[512], hold[512];
static struct pm_deferred_closes deferred;

enum { ME = 1000, OTHER = 1001 };

static void wait_for_hangup(int fd) {
  struct pollfd p = {.fd = fd};
  while (poll(&p, 1, -1) < 0 && errno == EINTR)
    continue;
  close(fd);
}

/* What procman-hold would do, if no close ever ended. */
static int hold_on(void) {
  int fds[1024], count = 0;
  char byte;
  struct pm_pass got;
  while (pm_pass_receive(PM_HOLD_SOCKET, &byte, 1, 0, &got) > 0)
    for (unsigned i = 0; i < got.count && count < 1024; i++)
      fds[count++] = got.fd[i];
  while (count > 0)
    wait_for_hangup(fds[--count]);
  return 0;
}

static int begin(void **state) {
  (void)state;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = '\0';
  deferred = (struct pm_deferred_closes){.path = self};
  return 0;
}

enum { PATIENCE = 3000 }; /* pauses of 20 ms; a busy machine may be slow */

static bool wait_until_done(void) {
  for (int i = 0; i < PATIENCE && pm_deferred_close_pending(&deferred); i++) {
    sleep_ms(20);
    pm_deferred_close_sweep(&deferred);
  }
  return !pm_deferred_close_pending(&deferred);
}

/* Of that user; returns the other end. */
static int close_one(pm_peer_user user) {
  int ends[2];
  unix_pair(ends);
  pm_deferred_close(&deferred, user, ends[0]);
  return ends[1];
}

static bool is_closed(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* By the real one: it is closed, and the helper ends. */
static void let_go(void **state) {
  (void)state;
  enum { ALL = 300 };
  int other[ALL];
  deferred.path = hold;
  size_t had = open_descriptors();
  for (int i = 0; i < ALL; i++)
    other[i] = close_one(ME);
  check_u64("300", "helpers", deferred.busy, 1);
  check_true("300", "all are taken and let go, and the helper ends",
             wait_until_done());
  for (int i = 0; i < ALL; i++) {
    check_true("300", "closed", is_closed(other[i]));
    close(other[i]);
  }
  check_u64("300", "descriptors", open_descriptors(), had);
  check_int("300", "no zombie", waitpid(-1, NULL, WNOHANG), -1);
  check_end();
}

/* What one user's helper has to bear is nobody else's. */
static void each_his_own(void **state) {
  (void)state;
  enum { ALL = 200 };
  int other[ALL], hers;
  for (int i = 0; i < ALL; i++) {
    other[i] = close_one(ME);
    sleep_ms(i % 8 ? 0 : 2); /* its queue has few places */
    pm_deferred_close_sweep(&deferred);
  }
  for (int i = 0; i < PATIENCE && deferred.waiting_count; i++) {
    sleep_ms(2);
    pm_deferred_close_sweep(&deferred);
  }
  check_u64("his", "helpers", deferred.busy, 1);
  check_u64("his", "waiting", deferred.waiting_count, 0);
  check_true("his", "none is let go", !is_closed(other[0]));
  check_true("his", "does not fill it", !pm_deferred_close_full(&deferred));
  hers = close_one(OTHER);
  check_u64("hers", "helpers", deferred.busy, 2);
  check_u64("hers", "waiting", deferred.waiting_count, 0);
  pm_deferred_close_done(&deferred);
  for (int i = 0; i < ALL; i++)
    close(other[i]);
  close(hers);
  check_true("helpers", "have ended", children_have_ended());
  check_end();
}

static void many_users(void **state) {
  (void)state;
  enum { ALL = PM_DEFERRED_HELPERS + PM_DEFERRED_FULL };
  static int other[ALL];
  for (int i = 0; i < ALL; i++) {
    check_true("before", "not full", !pm_deferred_close_full(&deferred));
    other[i] = close_one(5000 + (pm_peer_user)i);
  }
  check_u64("all", "helpers", deferred.busy, PM_DEFERRED_HELPERS);
  check_true("all", "full", pm_deferred_close_full(&deferred));
  for (int i = 0; i < ALL; i++)
    close(other[i]);
  pm_deferred_close_done(&deferred);
  check_true("done", "nothing to look after",
             !pm_deferred_close_pending(&deferred));
  check_true("helpers", "have ended", children_have_ended());
  check_end();
}

static void no_helper(void **state) {
  (void)state;
  deferred.path = "/no/such/helper";
  int other = close_one(ME);
  check_u64("no helper", "waiting", deferred.waiting_count, 1);
  deferred.path = hold;
  int another = close_one(OTHER);
  check_u64("one that failed", "is not tried at once", deferred.busy, 0);
  close(another);
  deferred.waiting_count--;
  close(deferred.waiting[1].fd);
  deferred.path = "/no/such/helper";
  pm_deferred_close_sweep(&deferred);
  check_u64("no helper, again", "waiting", deferred.waiting_count, 1);
  check_true("no helper", "not closed", !is_closed(other));
  deferred.path = hold;
  pm_deferred_close_sweep(&deferred);
  check_u64("a helper", "waiting", deferred.waiting_count, 0);
  check_true("a helper", "ends", wait_until_done());
  close(other);
  check_end();
}

static void helper_dies(void **state) {
  (void)state;
  int first = close_one(ME);
  pm_pidfd_send_signal(deferred.helper[0].pidfd, SIGKILL);
  for (int i = 0; i < PATIENCE && !is_closed(first); i++)
    sleep_ms(20);
  int second = close_one(ME);
  check_u64("another", "helpers", deferred.busy, 1);
  check_u64("another", "waiting", deferred.waiting_count, 0);
  check_true("another", "holds it", !is_closed(second));
  pm_deferred_close_done(&deferred);
  close(first);
  close(second);
  check_true("helpers", "have ended", children_have_ended());
  check_end();
}

/* It takes nothing: of its user so many may wait, then another one comes. */
static void helper_is_full(void **state) {
  (void)state;
  static int other[2048];
  int count = 0;
  other[count++] = close_one(ME);
  check_true("the full one", "stops", child_stop(deferred.helper[0].pidfd));
  while (count < 2000 && deferred.waiting_count < PM_DEFERRED_USER - 1)
    other[count++] = close_one(ME);
  pm_deferred_close_sweep(&deferred);
  check_u64("not yet", "replaced", deferred.retired_count, 0);
  int hers = close_one(OTHER);
  other[count++] = close_one(ME);
  pm_deferred_close_sweep(&deferred);
  check_u64("full", "replaced", deferred.retired_count, 1);
  for (int i = 0; i < PATIENCE && deferred.waiting_count; i++) {
    sleep_ms(2);
    pm_deferred_close_sweep(&deferred);
  }
  check_u64("another one", "waiting", deferred.waiting_count, 0);
  check_u64("another one", "helpers", deferred.busy, 2);
  check_true("the full one", "is looked after",
             deferred.retired_count == 1 &&
                 pm_deferred_close_pending(&deferred));
  pm_pidfd_send_signal(deferred.retired[0], SIGCONT);
  while (count > 0)
    close(other[--count]);
  for (int i = 0; i < PATIENCE && deferred.retired_count; i++) {
    sleep_ms(20);
    pm_deferred_close_sweep(&deferred);
  }
  check_u64("the full one", "has ended", deferred.retired_count, 0);
  pm_deferred_close_done(&deferred);
  close(hers);
  check_true("helpers", "have ended", children_have_ended());
  check_end();
}

/* At the stop, too, it is waited for once. */
static void full_at_the_end(void **state) {
  (void)state;
  static int other[2048];
  int count = 0;
  other[count++] = close_one(ME);
  int full = dup(deferred.helper[0].pidfd);
  check_true("the full one", "stops", child_stop(full));
  while (count < 2000 && deferred.waiting_count < 40)
    other[count++] = close_one(ME);
  uint64_t begin_ns = pm_now_read().mono;
  pm_deferred_close_done(&deferred);
  check_true("40 wait", "less than 40 times 100 ms",
             pm_now_read().mono - begin_ns < 3 * PM_NS_PER_S);
  check_true("40 wait", "the last is held", !is_closed(other[count - 1]));
  pm_pidfd_send_signal(full, SIGCONT);
  close(full);
  while (count > 0)
    close(other[--count]);
  check_true("helpers", "have ended", children_have_ended());
  check_end();
}

static int starved(void) {
  int ends[2], fds[64], count = 0;
  struct rlimit limit = {48, 48};
  setrlimit(RLIMIT_NOFILE, &limit);
  unix_pair(ends);
  while (count < 64 && (fds[count] = dup(0)) >= 0)
    count++;
  pm_deferred_close(&deferred, ME, ends[0]);
  if (deferred.waiting_count != 1 || deferred.busy)
    return 1;
  while (count > 0)
    close(fds[--count]);
  pm_deferred_close_sweep(&deferred);
  if (deferred.waiting_count || deferred.busy != 1)
    return 2;
  pm_deferred_close_done(&deferred);
  close(ends[1]);
  return 0;
}

static void no_descriptors(void **state) {
  (void)state;
  int status = -1;
  pid_t child = fork();
  if (child == 0)
    _exit(starved());
  waitpid(child, &status, 0);
  check_int("starved", "went well up to step",
            WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup(test, begin)

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "drop") == 0)
    return hold_on();
  snprintf(hold, sizeof hold, "%s/procman-hold", check_env("PM_BUILD"));
  check_descriptors();
  const struct CMUnitTest tests[] = {
      HERE(let_go),         HERE(each_his_own),    HERE(many_users),
      HERE(no_helper),      HERE(helper_dies),     HERE(no_descriptors),
      HERE(helper_is_full), HERE(full_at_the_end),
  };
  return cmocka_run_group_tests_name("deferred_close", tests, NULL, NULL);
}
