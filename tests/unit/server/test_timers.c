/* Which is due first, whatever was set, changed and taken out before. */
#include "server/timers.h"

#include "unit/support/check.h"

#include <stdlib.h>

enum { MANY = 200 };

static uint64_t earliest(const struct pm_timer *timer) {
  uint64_t first = 0;
  for (int i = 0; i < MANY; i++)
    if (timer[i].place && (!first || timer[i].at < first))
      first = timer[i].at;
  return first;
}

static void order(void **state) {
  (void)state;
  static struct pm_timer timer[MANY];
  struct pm_timers t = {0};
  unsigned seed = 1;
  check_u64("none", "next", pm_timers_next(&t), 0);
  check_true("none", "due", !pm_timers_take(&t, UINT64_MAX));
  check_int("room", "status", pm_timers_reserve(&t, MANY), 0);
  for (int i = 0; i < 20000; i++) {
    struct pm_timer *one = &timer[rand_r(&seed) % MANY];
    uint64_t at = (uint64_t)(rand_r(&seed) % 50);
    pm_timers_set(&t, one, at);
    if (one->place ? one->at != at : at != 0)
      fail_msg("%d: set to %d", i, (int)at);
    if (pm_timers_next(&t) != earliest(timer))
      fail_msg("%d: next is %d, not %d", i, (int)pm_timers_next(&t),
               (int)earliest(timer));
  }
  uint64_t before = 0;
  size_t left = t.count;
  check_true("some", "are set", left > MANY / 2);
  check_true("too early", "due", !pm_timers_take(&t, pm_timers_next(&t) - 1));
  for (struct pm_timer *one; (one = pm_timers_take(&t, UINT64_MAX)); left--) {
    check_true("taken", "in order", one->at >= before && !one->place);
    before = one->at;
  }
  check_u64("all", "were taken", left, 0);
  pm_timers_done(&t);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
