/* What happens to jobs reaches those who watch, once each, and whoever is slow
 * is told how much he has lost. */
#include "jobs/events.h"

#include "unit/support/check.h"

#include <string.h>

static unsigned woken;
static void wake(void *arg) {
  (void)arg;
  woken++;
}

static void note(struct pm_job_events *events, unsigned number) {
  struct pm_job job = {.name = "a"};
  job.state.attempt = number;
  pm_job_events_note(events, &job, true, number);
}

static void watched(void **state) {
  (void)state;
  struct pm_job_events events = {0};
  struct pm_job_watcher a = {.changed = wake}, b = {.changed = wake};
  uint64_t dropped = 0;
  note(&events, 1); /* to nobody */
  check_true("nobody watches", "no room", !events.ring);
  check_int("a", "watches", pm_job_events_watch(&events, &a), 0);
  note(&events, 2);
  check_int("b", "watches", pm_job_events_watch(&events, &b), 0);
  note(&events, 3);
  check_u64("both", "woken", woken, 3);
  check_u64("a", "first", pm_job_events_read(&a, &dropped)->real_ns, 2);
  check_u64("a", "second", pm_job_events_read(&a, &dropped)->real_ns, 3);
  check_true("a", "no more", !pm_job_events_read(&a, &dropped));
  check_u64("b", "first", pm_job_events_read(&b, &dropped)->job.state.attempt,
            3);
  check_true("b", "no more", !pm_job_events_read(&b, &dropped));
  pm_job_events_unwatch(&a);
  pm_job_events_unwatch(&a); /* once is enough */
  note(&events, 4);
  check_u64("b alone", "woken", woken, 4);
  check_true("a", "hears no more", !pm_job_events_read(&a, &dropped));
  check_u64("nobody", "lost", dropped, 0);
  pm_job_events_done(&events);
  check_true("b", "is let go", !b.of);
  check_end();
}

static void slow(void **state) {
  (void)state;
  struct pm_job_events events = {0};
  struct pm_job_watcher a = {.changed = wake};
  uint64_t dropped = 0;
  pm_job_events_watch(&events, &a);
  for (unsigned i = 1; i <= PM_JOB_EVENTS + 10; i++)
    note(&events, i);
  check_u64("slow", "the oldest kept",
            pm_job_events_read(&a, &dropped)->real_ns, 11);
  check_u64("slow", "lost", dropped, 10);
  for (unsigned i = 12; i <= PM_JOB_EVENTS + 10; i++)
    check_u64("slow", "then", pm_job_events_read(&a, &dropped)->real_ns, i);
  check_true("slow", "no more", !pm_job_events_read(&a, &dropped));
  check_u64("slow", "lost no more", dropped, 10);
  pm_job_events_done(&events);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(watched),
      cmocka_unit_test(slow),
  };
  return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
