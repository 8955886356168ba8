/* What one thread hands to the other, alone and with both at work.
 * Link with -Wl,--wrap=eventfd. */
#include "core/snapshot/exchange_jobs.h"

#include "core/snapshot/exchange.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int eventfd_errno;
static bool high_ones; /* can be had */

int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags) {
  if (!eventfd_errno)
    return __real_eventfd(count, flags);
  errno = eventfd_errno;
  return -1;
}

static struct pm_snapshot *numbered(uint64_t number) {
  struct pm_snapshot_draft d;
  struct pm_snapshot_counts n = {.processes = 1};
  if (pm_snapshot_draft(&d, &n) < 0)
    abort();
  d.snapshot->number = number;
  d.processes[0].birth = number;
  return d.snapshot;
}

static struct pm_exchange_event event(int32_t pid) {
  return (struct pm_exchange_event){.kind = PM_EXCHANGE_EXIT, .pid = pid};
}

static int begin(void **state) {
  struct pm_err err;
  return pm_exchange_new((struct pm_exchange **)state, &err);
}

static int end(void **state) {
  pm_exchange_free(*state);
  return 0;
}

static bool readable(const struct pm_exchange *exchange) {
  struct pollfd p = {.fd = pm_exchange_fd(exchange), .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

/* ---- alone ---- */

static void making(void **state) {
  (void)state;
  struct pm_exchange *exchange = NULL;
  struct pm_err err = PM_ERR_INIT;
  failing_alloc_fail_at(1);
  check_int("no memory", "status", pm_exchange_new(&exchange, &err), -ENOMEM);
  failing_alloc_fail_at(0);
  eventfd_errno = EMFILE;
  check_int("no eventfd", "status", pm_exchange_new(&exchange, &err), -EMFILE);
  check_true("no eventfd", "said", strstr(err.text, "eventfd") != NULL);
  eventfd_errno = 0;
  check_true("either", "nothing was given", !exchange);
  pm_exchange_free(NULL);
  check_end();
}

static void latest(void **state) {
  struct pm_exchange *exchange = *state;
  check_true("new", "nothing yet", !pm_exchange_latest(exchange));
  check_true("new", "not readable", !readable(exchange));
  pm_exchange_publish(exchange, numbered(1));
  check_true("published", "readable", readable(exchange));
  struct pm_snapshot *first = pm_exchange_latest(exchange);
  pm_exchange_publish(exchange, numbered(2));
  struct pm_snapshot *second = pm_exchange_latest(exchange);
  check_u64("held", "number", first->number, 1);
  check_u64("held", "rows", first->processes[0].birth, 1);
  check_u64("newest", "number", second->number, 2);
  pm_snapshot_unref(first);
  pm_snapshot_unref(second);
  check_end();
}

static void waking(void **state) {
  struct pm_exchange *exchange = *state;
  uint64_t count;
  int fd = pm_exchange_fd(exchange);
  check_true("fd", "high", fd >= 1024 || !high_ones);
  check_true("fd", "closed at exec", fcntl(fd, F_GETFD) & FD_CLOEXEC);
  check_true("fd", "does not block", fcntl(fd, F_GETFL) & O_NONBLOCK);
  pm_exchange_publish(exchange, numbered(1));
  pm_exchange_publish(exchange, numbered(2));
  check_int("two", "one read", read(fd, &count, sizeof count), sizeof count);
  check_true("two", "empties it", !readable(exchange));
  check_int("empty", "status", read(fd, &count, sizeof count), -1);
  check_end();
}

static void wishes(void **state) {
  struct pm_exchange *exchange = *state;
  static const struct {
    const char *name;
    uint64_t turns, events; /* 0: no wish */
    uint64_t mono;
    bool wants_turn, wants_events;
  } rows[] = {
      {"none", 0, 0, 1, false, false},
      {"turns", 100, 0, 99, true, false},
      {"it is over", 0, 0, 100, false, false},
      {"longer", 200, 0, 150, true, false},
      {"an earlier wish for longer stays", 160, 0, 199, true, false},
      {"events", 0, 300, 299, false, true},
      {"events for less long", 0, 250, 299, false, true},
      {"all over", 0, 0, 300, false, false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    if (rows[i].turns)
      pm_exchange_request_turns(exchange, rows[i].turns);
    if (rows[i].events)
      check_int(rows[i].name, "status",
                pm_exchange_request_events(exchange, rows[i].events), 0);
    check_true(rows[i].name, "turn",
               pm_exchange_wants_turn(exchange, rows[i].mono) ==
                   rows[i].wants_turn);
    check_true(rows[i].name, "events",
               pm_exchange_wants_events(exchange, rows[i].mono) ==
                   rows[i].wants_events);
  }
  check_end();
}

static void events(void **state) {
  struct pm_exchange *exchange = *state;
  struct pm_exchange_event got[4];
  uint64_t cursor = 0, lost = 0;
  pm_exchange_add_event(exchange, &(struct pm_exchange_event){.pid = 1});
  check_u64("before the wish", "none is kept", pm_exchange_next_event(exchange),
            0);
  check_u64("before the wish", "none is given",
            pm_exchange_read_events(exchange, &cursor, got, 4, &lost), 0);
  pm_exchange_request_events(exchange, 10);
  for (int32_t pid = 10; pid < 15; pid++) {
    struct pm_exchange_event e = event(pid);
    pm_exchange_add_event(exchange, &e);
  }
  check_u64("five", "next", pm_exchange_next_event(exchange), 5);
  check_u64("five", "as many as fit",
            pm_exchange_read_events(exchange, &cursor, got, 4, &lost), 4);
  check_int("five", "the first", got[0].pid, 10);
  check_int("five", "the fourth", got[3].pid, 13);
  check_u64("five", "cursor", cursor, 4);
  check_u64("five", "the rest",
            pm_exchange_read_events(exchange, &cursor, got, 4, &lost), 1);
  check_int("five", "the fifth", got[0].pid, 14);
  check_u64("five", "no more",
            pm_exchange_read_events(exchange, &cursor, got, 4, &lost), 0);
  check_u64("five", "cursor", cursor, 5);
  check_u64("five", "lost", lost, 0);
  cursor = 77; /* of who knows where from: there is nothing, and no harm */
  check_u64("beyond", "none",
            pm_exchange_read_events(exchange, &cursor, got, 4, &lost), 0);
  check_end();
}

/* The oldest make room, and whoever is behind is told how many. */
static void overrun(void **state) {
  struct pm_exchange *exchange = *state;
  enum { TOLD = 20000, RING = 8192 };
  struct pm_exchange_event got;
  uint64_t cursor = 5, lost = 100;
  pm_exchange_request_events(exchange, 10);
  for (int32_t pid = 0; pid < TOLD; pid++) {
    struct pm_exchange_event e = event(pid);
    pm_exchange_add_event(exchange, &e);
  }
  check_u64("behind", "one",
            pm_exchange_read_events(exchange, &cursor, &got, 1, &lost), 1);
  check_int("behind", "the oldest kept", got.pid, TOLD - RING);
  check_u64("behind", "lost", lost, 100 + TOLD - RING - 5);
  check_u64("behind", "cursor", cursor, TOLD - RING + 1);
  uint64_t rest = 1, n;
  while ((n = pm_exchange_read_events(exchange, &cursor, &got, 1, &lost)) == 1)
    check_int("in order", "pid", got.pid,
              (int64_t)(TOLD - RING) + (int64_t)rest++);
  check_u64("all", "kept", rest, RING);
  check_end();
}

static void no_memory_for_events(void **state) {
  struct pm_exchange *exchange = *state;
  failing_alloc_fail_at(1);
  check_int("no memory", "status", pm_exchange_request_events(exchange, 10),
            -ENOMEM);
  failing_alloc_fail_at(0);
  check_true("no memory", "no wish", !pm_exchange_wants_events(exchange, 1));
  struct pm_exchange_event e = event(1);
  pm_exchange_add_event(exchange, &e);
  check_u64("no memory", "none is kept", pm_exchange_next_event(exchange), 0);
  check_int("later", "status", pm_exchange_request_events(exchange, 10), 0);
  size_t before = failing_alloc_count();
  check_int("again", "status", pm_exchange_request_events(exchange, 20), 0);
  check_u64("again", "allocates nothing", failing_alloc_count(), before);
  check_end();
}

/* ---- both at once ---- */

enum { ROUNDS = 3000 };

static void *ticks(void *arg) {
  struct pm_exchange *exchange = arg;
  for (uint64_t i = 1; i <= ROUNDS; i++) {
    struct pm_exchange_event e = event((int32_t)i);
    if (pm_exchange_wants_events(exchange, 1))
      pm_exchange_add_event(exchange, &e);
    pm_exchange_wants_turn(exchange, 1);
    pm_exchange_publish(exchange, numbered(i));
  }
  return NULL;
}

/* What is held stays whole while newer ones come; numbers and events only go
 * up. */
static void two_threads(void **state) {
  struct pm_exchange *exchange = *state;
  struct pm_exchange_event got[16];
  pthread_t ticker;
  uint64_t cursor = 0, lost = 0, last = 0, number = 0;
  pm_exchange_request_events(exchange, 10);
  assert_int_equal(pthread_create(&ticker, NULL, ticks, exchange), 0);
  while (number < ROUNDS || cursor < ROUNDS) {
    struct pm_snapshot *s = pm_exchange_latest(exchange);
    if (s) {
      check_true("snapshot", "goes up", s->number >= number);
      check_u64("snapshot", "whole", s->processes[0].birth, s->number);
      number = s->number;
    }
    pm_exchange_request_turns(exchange, number);
    pm_exchange_request_events(exchange, 10 + number);
    size_t n = pm_exchange_read_events(exchange, &cursor, got, 16, &lost);
    for (size_t i = 0; i < n; i++)
      check_int("event", "pid", got[i].pid, (int64_t)++last);
    pm_snapshot_unref(s);
  }
  pthread_join(ticker, NULL);
  check_u64("all", "lost", lost, 0);
  check_u64("all", "next", pm_exchange_next_event(exchange), ROUNDS);
  check_end();
}

/* ---- jobs ---- */

/* The latest list is taken once. */
static void scopes(void **state) {
  struct pm_exchange *x = *state;
  struct pm_job_scope *list;
  size_t n = 9;
  check_true("none", "taken", !pm_exchange_take_scopes(x, &list, &n));
  for (uint32_t i = 1; i <= 2; i++) {
    list = calloc(i, sizeof *list);
    assert_non_null(list);
    list->number = i;
    pm_exchange_set_scopes(x, list, i);
  }
  check_true("two lists", "taken", pm_exchange_take_scopes(x, &list, &n));
  check_u64("two lists", "the second's length", n, 2);
  check_u64("two lists", "the second", list->number, 2);
  free(list);
  check_true("again", "taken", !pm_exchange_take_scopes(x, &list, &n));
  pm_exchange_set_scopes(x, calloc(1, sizeof *list), 0); /* freed with it */
  check_end();
}

static void deaths(void **state) {
  struct pm_exchange *x = *state;
  struct pm_exit e = {.group = "g", .status = 3}, found;
  check_true("none", "found", !pm_exchange_find_death(x, 0, 0, &found));
  for (int32_t pid = 1; pid <= PM_EXCHANGE_DEATHS + 1; pid++) {
    e.pid = pid;
    e.birth = (uint64_t)pid * 2;
    pm_exchange_note_death(x, &e);
  }
  check_true("the first", "found", !pm_exchange_find_death(x, 1, 2, &found));
  check_true("the second", "found", pm_exchange_find_death(x, 2, 4, &found));
  check_u64("the second", "status", found.status, 3);
  check_true("the second", "group", !found.group);
  check_true("the last", "found",
             pm_exchange_find_death(x, PM_EXCHANGE_DEATHS + 1,
                                    2 * (PM_EXCHANGE_DEATHS + 1), &found));
  check_true("another birth", "found",
             !pm_exchange_find_death(x, 2, 5, &found));
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* ---- signals that were sent ---- */

enum { SEGV_AND_CORE = 139, EXIT_1 = 256 };

static void signals(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int signal;
    int32_t pid;
    uint64_t birth, after_s;
    uint32_t status;
    bool oom, want;
  } rows[] = {
      {"by it", 15, 7, 100, 0, 15, false, true},
      {"by itself, as asked", 15, 7, 100, 59, EXIT_1, false, true},
      {"a minute later", 15, 7, 100, 60, EXIT_1, false, false},
      {"another process", 15, 8, 100, 0, 15, false, false},
      {"another of that pid", 15, 7, 101, 0, 15, false, false},
      {"by another signal", 15, 7, 100, 0, 9, false, false},
      {"a crash", 15, 7, 100, 0, SEGV_AND_CORE, false, false},
      {"KILL", 9, 7, 100, 0, 9, false, true},
      {"KILL, but by the OOM killer", 9, 7, 100, 0, 9, true, false},
      {"STOP asks for no end", 19, 7, 100, 0, EXIT_1, false, false},
      {"USR1 may end it", 10, 7, 100, 0, 10, false, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_exchange *x;
    struct pm_err err = PM_ERR_INIT;
    assert_int_equal(pm_exchange_new(&x, &err), 0);
    struct pm_exit exit = {.pid = rows[i].pid,
                           .birth = rows[i].birth,
                           .status = rows[i].status,
                           .oom = rows[i].oom};
    uint64_t mono = 5 * PM_NS_PER_S;
    check_true(rows[i].name, "not before",
               !pm_exchange_was_asked(x, &exit, mono));
    pm_exchange_note_signal(x, 7, 100, rows[i].signal, mono);
    mono += rows[i].after_s * PM_NS_PER_S;
    check_true(rows[i].name, rows[i].want ? "asked" : "not asked",
               pm_exchange_was_asked(x, &exit, mono) == rows[i].want);
    for (int k = 0; k < 64; k++) /* many later ones push it out */
      pm_exchange_note_signal(x, 1000, 0, 15, mono);
    check_true(rows[i].name, "forgotten",
               !pm_exchange_was_asked(x, &exit, mono));
    exit.pid = 1000;
    exit.status = 15;
    exit.oom = false;
    check_true("birth 0", "any of the pid",
               pm_exchange_was_asked(x, &exit, mono));
    pm_exchange_free(x);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signals),
      cmocka_unit_test(making),
      HERE(scopes),
      HERE(deaths),
      HERE(latest),
      HERE(waking),
      HERE(wishes),
      HERE(events),
      HERE(overrun),
      HERE(no_memory_for_events),
      HERE(two_threads),
  };
  high_ones = check_descriptors();
  return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
