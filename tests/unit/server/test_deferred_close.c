/* Connections handed over: how many at a time, who waits, and what if it does
 * not work.  In place of procman-hold stands this program itself, which holds
 * on until the other end is closed. */
#include "server/deferred_close.h"

#include "base/hold_protocol.h"
#include "fakes/unix.h"
#include "unit/support/check.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[512], hold[512];
static struct pm_deferred_closes deferred;

/* What procman-hold would do, if the last close took so long. */
static int hold_on(void) {
  struct pollfd p = {.fd = PM_HOLD_SOCKET, .events = POLLIN};
  return poll(&p, 1, -1) == 1 ? 0 : 2;
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

/* It must not end before we have closed ours, or ours is the last. */
static void waits_for_us(void **state) {
  (void)state;
  int ends[2];
  char byte;
  deferred.path = hold;
  size_t had = open_descriptors();
  unix_pair(ends);
  pm_deferred_close(&deferred, ends[0]);
  check_true("drop", "is looked after", pm_deferred_close_pending(&deferred));
  sleep_ms(200);
  pm_deferred_close_sweep(&deferred);
  check_u64("drop", "still there", deferred.busy, 1);
  check_true("drop", "ends", wait_until_done());
  check_int("drop", "and with it the connection", recv(ends[1], &byte, 1, 0),
            0);
  close(ends[1]);
  check_u64("drop", "descriptors", open_descriptors(), had);
  check_int("drop", "no zombie", waitpid(-1, NULL, 0), -1);
  check_end();
}

static void so_many(void **state) {
  (void)state;
  enum { ALL = PM_DEFERRED_HELPERS + PM_DEFERRED_FULL };
  int other[ALL];
  size_t had = open_descriptors();
  for (int i = 0; i < ALL; i++) {
    int ends[2];
    unix_pair(ends);
    check_true("before", "not full", !pm_deferred_close_full(&deferred));
    pm_deferred_close(&deferred, ends[0]);
    other[i] = ends[1];
  }
  check_u64("96", "busy", deferred.busy, PM_DEFERRED_HELPERS);
  check_u64("96", "waiting", deferred.waiting, PM_DEFERRED_FULL);
  check_true("96", "full", pm_deferred_close_full(&deferred));
  close(other[0]);
  for (int i = 0; i < PATIENCE && pm_deferred_close_full(&deferred); i++) {
    sleep_ms(20);
    pm_deferred_close_sweep(&deferred);
  }
  check_u64("one has ended", "busy", deferred.busy, PM_DEFERRED_HELPERS);
  check_u64("one has ended", "waiting", deferred.waiting, PM_DEFERRED_FULL - 1);
  for (int i = 1; i < ALL; i++)
    close(other[i]);
  check_true("all", "end", wait_until_done());
  check_u64("all", "descriptors", open_descriptors(), had);
  check_end();
}

static void no_helper(void **state) {
  (void)state;
  int ends[2];
  char byte;
  unix_pair(ends);
  deferred.path = "/no/such/helper";
  pm_deferred_close(&deferred, ends[0]);
  check_u64("no helper", "waiting", deferred.waiting, 1);
  pm_deferred_close_sweep(&deferred);
  check_u64("no helper, again", "waiting", deferred.waiting, 1);
  check_int("no helper", "not closed", recv(ends[1], &byte, 1, 0), -1);
  deferred.path = self;
  pm_deferred_close_sweep(&deferred);
  check_u64("a helper", "waiting", deferred.waiting, 0);
  close(ends[1]);
  check_true("a helper", "ends", wait_until_done());
  check_end();
}

static int starved(void) {
  int ends[2], fds[64], count = 0;
  struct rlimit limit = {48, 48};
  setrlimit(RLIMIT_NOFILE, &limit);
  unix_pair(ends);
  while (count < 64 && (fds[count] = dup(0)) >= 0)
    count++;
  pm_deferred_close(&deferred, ends[0]);
  if (deferred.waiting != 1 || deferred.busy)
    return 1;
  close(fds[--count]);
  pm_deferred_close_sweep(&deferred);
  if (deferred.waiting || deferred.busy != 1)
    return 2;
  close(ends[1]);
  return wait_until_done() ? 0 : 3;
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

/* However many there are, none of them is left to our exit. */
static void done(void **state) {
  (void)state;
  enum { ALL = PM_DEFERRED_HELPERS + 5 };
  int other[ALL];
  size_t had = open_descriptors();
  for (int i = 0; i < ALL; i++) {
    int ends[2];
    unix_pair(ends);
    pm_deferred_close(&deferred, ends[0]);
    other[i] = ends[1];
  }
  pm_deferred_close_done(&deferred);
  check_u64("done", "descriptors", open_descriptors(), had + ALL);
  check_true("done", "nothing to look after",
             !pm_deferred_close_pending(&deferred));
  int ended = 0;
  for (int i = 0; i < ALL; i++)
    close(other[i]);
  while (waitpid(-1, NULL, 0) > 0)
    ended++;
  check_int("done", "each has its helper", ended, ALL);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup(test, begin)

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "drop") == 0)
    return hold_on();
  snprintf(hold, sizeof hold, "%s/procman-hold", check_env("PM_BUILD"));
  const struct CMUnitTest tests[] = {
      HERE(waits_for_us),   HERE(so_many), HERE(no_helper),
      HERE(no_descriptors), HERE(done),
  };
  return cmocka_run_group_tests_name("deferred_close", tests, NULL, NULL);
}
