/* How often somebody may, in time. */
#include "policy/rate_limit.h"

#include "base/now.h"
#include "unit/support/check.h"

#include <stdlib.h>

static struct pm_rate_limits rate_limits;

static uint64_t wait_for(pm_peer_user user, enum pm_rate_limit_kind kind,
                         double seconds) {
  return pm_rate_limit_wait(&rate_limits, user, kind,
                            (uint64_t)(seconds * (double)PM_NS_PER_S));
}

static unsigned take(pm_peer_user user, enum pm_rate_limit_kind kind,
                     double seconds) {
  unsigned n = 0;
  while (n < 1000 && wait_for(user, kind, seconds) == 0)
    n++;
  return n;
}

static void kinds(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_rate_limit_kind kind;
    unsigned at_rest;
    double later;
    unsigned then;
  } rows[] = {
      {"acts", PM_RATE_LIMIT_ACT, 50, 1.01, 5},
      {"refusals", PM_RATE_LIMIT_REFUSAL, 5, 60.1, 5},
      {"refusals, sooner", PM_RATE_LIMIT_REFUSAL, 5, 12.1, 1},
      {"no more than at rest", PM_RATE_LIMIT_ACT, 50, 3600, 50},
      {"part of one", PM_RATE_LIMIT_ACT, 50, 0.19, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    rate_limits = (struct pm_rate_limits){0};
    check_u64(rows[i].name, "at once", take(7, rows[i].kind, 100),
              rows[i].at_rest);
    check_u64(rows[i].name, "no more", take(7, rows[i].kind, 100), 0);
    check_u64(rows[i].name, "before", take(7, rows[i].kind, 50), 0);
    check_u64(rows[i].name, "another's", take(8, rows[i].kind, 100),
              rows[i].at_rest);
    /* the clock went back to 50 for him */
    check_u64(rows[i].name, "later", take(8, rows[i].kind, 100 + rows[i].later),
              rows[i].then);
  }
  check_end();
}

/* What is reserved comes in its order, and is there once. */
static void reserved(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  take(7, PM_RATE_LIMIT_ACT, 100);
  for (uint64_t i = 1; i <= 10; i++) {
    uint64_t wait = pm_rate_limit_reserve(&rate_limits, 7, PM_RATE_LIMIT_ACT,
                                          100 * PM_NS_PER_S);
    check_u64("each", "its own time, in 100 ms", (wait + 1000) / 100000000,
              2 * i);
  }
  check_u64("before all are there", "no other",
            take(7, PM_RATE_LIMIT_ACT, 101.9), 0);
  check_u64("after that", "one", take(7, PM_RATE_LIMIT_ACT, 102.21), 1);
  check_end();
}

/* One kind costs nothing of another, and asking in vain fills nothing. */
static void apart(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  take(1, PM_RATE_LIMIT_REFUSAL, 10);
  check_u64("acts", "left", take(1, PM_RATE_LIMIT_ACT, 10), 50);
  unsigned n = 0;
  for (int i = 1; i <= 200; i++)
    n += take(1, PM_RATE_LIMIT_ACT, 10 + i * 0.01);
  check_true("often in vain", "as much as time gives", n >= 9 && n <= 10);
  check_end();
}

/* Who was not there for longest makes room. */
static void many_users(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  for (pm_peer_user user = 0; user < PM_RATE_LIMIT_USERS; user++)
    take(user, PM_RATE_LIMIT_ACT, 1 + (double)user * 0.000001);
  check_u64("all known", "nothing left", take(0, PM_RATE_LIMIT_ACT, 1.0003), 0);
  check_u64("one more", "his own", take(9999, PM_RATE_LIMIT_ACT, 1.0004), 50);
  check_u64("the first", "stays", take(0, PM_RATE_LIMIT_ACT, 1.0005), 0);
  check_u64("the second", "was forgotten", take(1, PM_RATE_LIMIT_ACT, 1.0006),
            50);
  check_u64("the last", "stays",
            take(PM_RATE_LIMIT_USERS - 1, PM_RATE_LIMIT_ACT, 1.0007), 0);
  check_end();
}

/* Who waits as long as he is told has one then, and not before. */
static void how_long(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  take(1, PM_RATE_LIMIT_ACT, 10);
  uint64_t wait = wait_for(1, PM_RATE_LIMIT_ACT, 10);
  check_true("none left", "a fifth of a second",
             wait > PM_NS_PER_S / 5 - 1000 && wait < PM_NS_PER_S / 5 + 1000);
  check_true("a little later", "the rest",
             wait_for(1, PM_RATE_LIMIT_ACT, 10.15) < PM_NS_PER_S / 19);
  check_u64("then", "at once", wait_for(1, PM_RATE_LIMIT_ACT, 10.2001), 0);
  check_end();
}

static void at_zero(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  check_u64("mono 0", "at once", take(3, PM_RATE_LIMIT_ACT, 0), 50);
  check_u64("mono 0", "is remembered", take(3, PM_RATE_LIMIT_ACT, 0), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),    cmocka_unit_test(reserved),
      cmocka_unit_test(apart),    cmocka_unit_test(many_users),
      cmocka_unit_test(how_long), cmocka_unit_test(at_zero),
  };
  return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
