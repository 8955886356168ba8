/* Who is not asked again for a while. */
#include "core/helper/backoff.h"

#include "unit/support/check.h"

enum { MIN_S = 10, MAX_S = 60 };

static struct pm_now at(double seconds) {
  return (struct pm_now){.mono = (uint64_t)(seconds * (double)PM_NS_PER_S)};
}

static void doubles(void **state) {
  static const uint64_t lengths_s[] = {10, 20, 40, 60, 60};
  struct pm_backoff b;
  double now = 1000;
  (void)state;
  pm_backoff_init(&b, MIN_S, MAX_S);
  check_true("at first", "does not rest", !pm_backoff_rests(&b, at(now), 7));
  for (size_t i = 0; i < CHECK_COUNT(lengths_s); i++) {
    char row[32];
    snprintf(row, sizeof row, "failure %zu", i + 1);
    pm_backoff_start(&b, at(now), 7);
    now += (double)lengths_s[i];
    check_true(row, "rests", pm_backoff_rests(&b, at(now - 0.001), 7));
    check_true(row, "no longer", !pm_backoff_rests(&b, at(now), 7));
    check_true(row, "another key", !pm_backoff_rests(&b, at(now - 1), 8));
  }
  pm_backoff_end(&b, 7);
  pm_backoff_end(&b, 7);
  check_u64("success", "is forgotten", b.count, 0);
  pm_backoff_start(&b, at(now), 7);
  check_true("after a success", "begins again",
             !pm_backoff_rests(&b, at(now + MIN_S), 7));
  pm_backoff_start(&b, at(now + MIN_S), 7);
  pm_backoff_start(&b, at(now + 5 * MIN_S), 7);
  check_true("long afterwards", "begins again",
             !pm_backoff_rests(&b, at(now + 6 * MIN_S), 7));
  pm_backoff_done(&b);
  check_end();
}

/* More than any fixed number, none pushes another out; the old are forgotten,
 * so that the room does not grow for ever. */
static void many(void **state) {
  enum { KEYS = 1000 };
  struct pm_backoff b;
  (void)state;
  pm_backoff_init(&b, MIN_S, MAX_S);
  for (uint64_t k = 0; k < KEYS; k++)
    pm_backoff_start(&b, at(1), k);
  unsigned rest = 0;
  for (uint64_t k = 0; k < KEYS; k++)
    rest += pm_backoff_rests(&b, at(2), k);
  check_u64("1000", "rest", rest, KEYS);
  for (uint64_t k = 0; k < KEYS; k += 2)
    pm_backoff_end(&b, k);
  for (uint64_t k = rest = 0; k < KEYS; k++)
    rest += pm_backoff_rests(&b, at(2), k) != (k % 2 == 1);
  check_u64("every second ended", "wrong", rest, 0);
  size_t room = b.room;
  for (uint64_t k = 0; k < 10 * KEYS; k++)
    pm_backoff_start(&b, at(100 + (double)k), KEYS + k);
  check_u64("one a second", "room", b.room, room);
  pm_backoff_done(&b);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(doubles),
                                     cmocka_unit_test(many)};
  return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
