/* How often somebody may, in time. */
#include "policy/rate_limit.h"

#include "base/now.h"
#include "unit/support/check.h"

#include <stdlib.h>

static struct pm_rate_limits rate_limits;

static unsigned take(uint32_t uid, enum pm_rate_limit_kind kind,
                     double seconds) {
  unsigned n = 0;
  while (n < 1000 &&
         pm_rate_limit_take(&rate_limits, uid, kind,
                            (uint64_t)(seconds * (double)PM_NS_PER_S)))
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
      {"lists", PM_RATE_LIMIT_LIST, 20, 1.01, 10},
      {"acts", PM_RATE_LIMIT_ACT, 10, 1.01, 5},
      {"refusals", PM_RATE_LIMIT_REFUSAL, 5, 60.1, 5},
      {"refusals, sooner", PM_RATE_LIMIT_REFUSAL, 5, 12.1, 1},
      {"no more than at rest", PM_RATE_LIMIT_LIST, 20, 3600, 20},
      {"part of one", PM_RATE_LIMIT_LIST, 20, 0.09, 0},
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

/* One kind costs nothing of another, and asking in vain fills nothing. */
static void apart(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  take(1, PM_RATE_LIMIT_LIST, 10);
  check_u64("acts", "left", take(1, PM_RATE_LIMIT_ACT, 10), 10);
  unsigned n = 0;
  for (int i = 1; i <= 100; i++)
    n += take(1, PM_RATE_LIMIT_LIST, 10 + i * 0.01);
  check_true("often in vain", "as much as time gives", n >= 9 && n <= 10);
  check_end();
}

/* Who was not there for longest makes room. */
static void many_users(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  for (uint32_t uid = 0; uid < PM_RATE_LIMIT_USERS; uid++)
    take(uid, PM_RATE_LIMIT_LIST, 1 + uid * 0.000001);
  check_u64("all known", "nothing left", take(0, PM_RATE_LIMIT_LIST, 1.0003),
            0);
  check_u64("one more", "his own", take(9999, PM_RATE_LIMIT_LIST, 1.0004), 20);
  check_u64("the first", "stays", take(0, PM_RATE_LIMIT_LIST, 1.0005), 0);
  check_u64("the second", "was forgotten", take(1, PM_RATE_LIMIT_LIST, 1.0006),
            20);
  check_u64("the last", "stays",
            take(PM_RATE_LIMIT_USERS - 1, PM_RATE_LIMIT_LIST, 1.0007), 0);
  check_end();
}

static void at_zero(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  check_u64("mono 0", "at once", take(3, PM_RATE_LIMIT_ACT, 0), 10);
  check_u64("mono 0", "is remembered", take(3, PM_RATE_LIMIT_ACT, 0), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),
      cmocka_unit_test(apart),
      cmocka_unit_test(many_users),
      cmocka_unit_test(at_zero),
  };
  return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
