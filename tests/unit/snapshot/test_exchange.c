/* What one thread hands to the other, alone and with both at work.
 * Link with -Wl,--wrap=eventfd. */
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

static struct pm_feed_event event(int32_t pid) {
  return (struct pm_feed_event){.kind = PM_FEED_EXIT, .pid = pid};
}

static int begin(void **state) {
  struct pm_err err;
  return pm_feed_new((struct pm_feed **)state, &err);
}

static int end(void **state) {
  pm_feed_free(*state);
  return 0;
}

static bool readable(const struct pm_feed *feed) {
  struct pollfd p = {.fd = pm_feed_fd(feed), .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

/* ---- alone ---- */

static void making(void **state) {
  (void)state;
  struct pm_feed *feed = NULL;
  struct pm_err err = PM_ERR_INIT;
  faulty_fail_at(1);
  check_int("no memory", "status", pm_feed_new(&feed, &err), -ENOMEM);
  faulty_fail_at(0);
  eventfd_errno = EMFILE;
  check_int("no eventfd", "status", pm_feed_new(&feed, &err), -EMFILE);
  check_true("no eventfd", "said", strstr(err.text, "eventfd") != NULL);
  eventfd_errno = 0;
  check_true("either", "nothing was given", !feed);
  pm_feed_free(NULL);
  check_end();
}

static void latest(void **state) {
  struct pm_feed *feed = *state;
  check_true("new", "nothing yet", !pm_feed_latest(feed));
  check_true("new", "not readable", !readable(feed));
  pm_feed_publish(feed, numbered(1));
  check_true("published", "readable", readable(feed));
  struct pm_snapshot *first = pm_feed_latest(feed);
  pm_feed_publish(feed, numbered(2));
  struct pm_snapshot *second = pm_feed_latest(feed);
  check_u64("held", "number", first->number, 1);
  check_u64("held", "rows", first->processes[0].birth, 1);
  check_u64("newest", "number", second->number, 2);
  pm_snapshot_unref(first);
  pm_snapshot_unref(second);
  check_end();
}

static void waking(void **state) {
  struct pm_feed *feed = *state;
  uint64_t count;
  int fd = pm_feed_fd(feed);
  check_true("fd", "high", fd >= 1024);
  check_true("fd", "closed at exec", fcntl(fd, F_GETFD) & FD_CLOEXEC);
  check_true("fd", "does not block", fcntl(fd, F_GETFL) & O_NONBLOCK);
  pm_feed_publish(feed, numbered(1));
  pm_feed_publish(feed, numbered(2));
  check_int("two", "one read", read(fd, &count, sizeof count), sizeof count);
  check_true("two", "empties it", !readable(feed));
  check_int("empty", "status", read(fd, &count, sizeof count), -1);
  check_end();
}

static void wishes(void **state) {
  struct pm_feed *feed = *state;
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
      pm_feed_watch(feed, rows[i].turns);
    if (rows[i].events)
      check_int(rows[i].name, "status",
                pm_feed_watch_events(feed, rows[i].events), 0);
    check_true(rows[i].name, "turn",
               pm_feed_wants_turn(feed, rows[i].mono) == rows[i].wants_turn);
    check_true(rows[i].name, "events",
               pm_feed_wants_events(feed, rows[i].mono) ==
                   rows[i].wants_events);
  }
  check_end();
}

static void events(void **state) {
  struct pm_feed *feed = *state;
  struct pm_feed_event got[4];
  uint64_t cursor = 0, lost = 0;
  pm_feed_tell(feed, &(struct pm_feed_event){.pid = 1});
  check_u64("before the wish", "none is kept", pm_feed_events_next(feed), 0);
  check_u64("before the wish", "none is given",
            pm_feed_events(feed, &cursor, got, 4, &lost), 0);
  pm_feed_watch_events(feed, 10);
  for (int32_t pid = 10; pid < 15; pid++) {
    struct pm_feed_event e = event(pid);
    pm_feed_tell(feed, &e);
  }
  check_u64("five", "next", pm_feed_events_next(feed), 5);
  check_u64("five", "as many as fit",
            pm_feed_events(feed, &cursor, got, 4, &lost), 4);
  check_int("five", "the first", got[0].pid, 10);
  check_int("five", "the fourth", got[3].pid, 13);
  check_u64("five", "cursor", cursor, 4);
  check_u64("five", "the rest", pm_feed_events(feed, &cursor, got, 4, &lost),
            1);
  check_int("five", "the fifth", got[0].pid, 14);
  check_u64("five", "no more", pm_feed_events(feed, &cursor, got, 4, &lost), 0);
  check_u64("five", "cursor", cursor, 5);
  check_u64("five", "lost", lost, 0);
  cursor = 77; /* of who knows where from: there is nothing, and no harm */
  check_u64("beyond", "none", pm_feed_events(feed, &cursor, got, 4, &lost), 0);
  check_end();
}

/* The oldest make room, and whoever is behind is told how many. */
static void overrun(void **state) {
  struct pm_feed *feed = *state;
  enum { TOLD = 20000, RING = 8192 };
  struct pm_feed_event got;
  uint64_t cursor = 5, lost = 100;
  pm_feed_watch_events(feed, 10);
  for (int32_t pid = 0; pid < TOLD; pid++) {
    struct pm_feed_event e = event(pid);
    pm_feed_tell(feed, &e);
  }
  check_u64("behind", "one", pm_feed_events(feed, &cursor, &got, 1, &lost), 1);
  check_int("behind", "the oldest kept", got.pid, TOLD - RING);
  check_u64("behind", "lost", lost, 100 + TOLD - RING - 5);
  check_u64("behind", "cursor", cursor, TOLD - RING + 1);
  uint64_t rest = 1, n;
  while ((n = pm_feed_events(feed, &cursor, &got, 1, &lost)) == 1)
    check_int("in order", "pid", got.pid,
              (int64_t)(TOLD - RING) + (int64_t)rest++);
  check_u64("all", "kept", rest, RING);
  check_end();
}

static void no_memory_for_events(void **state) {
  struct pm_feed *feed = *state;
  faulty_fail_at(1);
  check_int("no memory", "status", pm_feed_watch_events(feed, 10), -ENOMEM);
  faulty_fail_at(0);
  check_true("no memory", "no wish", !pm_feed_wants_events(feed, 1));
  struct pm_feed_event e = event(1);
  pm_feed_tell(feed, &e);
  check_u64("no memory", "none is kept", pm_feed_events_next(feed), 0);
  check_int("later", "status", pm_feed_watch_events(feed, 10), 0);
  size_t before = faulty_count();
  check_int("again", "status", pm_feed_watch_events(feed, 20), 0);
  check_u64("again", "allocates nothing", faulty_count(), before);
  check_end();
}

/* ---- both at once ---- */

enum { ROUNDS = 3000 };

static void *ticks(void *arg) {
  struct pm_feed *feed = arg;
  for (uint64_t i = 1; i <= ROUNDS; i++) {
    struct pm_feed_event e = event((int32_t)i);
    if (pm_feed_wants_events(feed, 1))
      pm_feed_tell(feed, &e);
    pm_feed_wants_turn(feed, 1);
    pm_feed_publish(feed, numbered(i));
  }
  return NULL;
}

/* What is held stays whole while newer ones come; numbers and events only go
 * up. */
static void two_threads(void **state) {
  struct pm_feed *feed = *state;
  struct pm_feed_event got[16];
  pthread_t ticker;
  uint64_t cursor = 0, lost = 0, last = 0, number = 0;
  pm_feed_watch_events(feed, 10);
  assert_int_equal(pthread_create(&ticker, NULL, ticks, feed), 0);
  while (number < ROUNDS || cursor < ROUNDS) {
    struct pm_snapshot *s = pm_feed_latest(feed);
    if (s) {
      check_true("snapshot", "goes up", s->number >= number);
      check_u64("snapshot", "whole", s->processes[0].birth, s->number);
      number = s->number;
    }
    pm_feed_watch(feed, number);
    pm_feed_watch_events(feed, 10 + number);
    size_t n = pm_feed_events(feed, &cursor, got, 16, &lost);
    for (size_t i = 0; i < n; i++)
      check_int("event", "pid", got[i].pid, (int64_t)++last);
    pm_snapshot_unref(s);
  }
  pthread_join(ticker, NULL);
  check_u64("all", "lost", lost, 0);
  check_u64("all", "next", pm_feed_events_next(feed), ROUNDS);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(making),
      HERE(latest),
      HERE(waking),
      HERE(wishes),
      HERE(events),
      HERE(overrun),
      HERE(no_memory_for_events),
      HERE(two_threads),
  };
  return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
