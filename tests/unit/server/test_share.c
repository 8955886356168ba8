/* How much of the control thread each user gets. */
#include "server/share.h"

#include "base/now.h"
#include "unit/support/check.h"

#include <time.h>

enum { ME = 1000, OTHER = 1001 };
static const uint64_t begin_ns = 100 * PM_NS_PER_S;

/* Uses that much CPU time for him, for real. */
static void work(struct pm_shares *s, struct pm_share *share, uint64_t ns) {
  struct timespec now;
  pm_share_begin(s);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  uint64_t end =
      (uint64_t)now.tv_sec * PM_NS_PER_S + (uint64_t)now.tv_nsec + ns;
  do
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((uint64_t)now.tv_sec * PM_NS_PER_S + (uint64_t)now.tv_nsec < end);
  pm_share_end(s, share);
}

static void pass(struct pm_shares *s, double seconds) {
  pm_share_pass(s, begin_ns + (uint64_t)(seconds * (double)PM_NS_PER_S));
}

static void joins(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, ME);
  struct pm_share *c = pm_share_join(&s, OTHER);
  check_true("two clients", "one share", a == b && a != c);
  check_u64("two clients", "counted", a->clients, 2);
  check_true("new", "may", pm_share_may(&s, a));
  check_u64("nobody waits", "next", pm_share_next(&s), 0);
  pm_share_done(&s);
  check_end();
}

static void slices(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME);
  work(&s, a, PM_SHARE_SLICE_US * 1000);
  check_true("slice", "is used up", !pm_share_may(&s, a));
  check_u64("slice", "next pass at once", pm_share_next(&s), 1);
  pass(&s, 0.003);
  check_true("next pass", "may", pm_share_may(&s, a));
  check_u64("next pass", "nobody waits", pm_share_next(&s), 0);
  pm_share_done(&s);
  check_end();
}

/* As much as he likes while nobody else asks. */
static void alone(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, OTHER);
  for (int i = 0; i < 4; i++) {
    pass(&s, 0.04 * i);
    work(&s, a, 30 * UINT64_C(1000000));
  }
  pass(&s, 0.2);
  check_true("alone", "may", pm_share_may(&s, a));
  work(&s, a, 30 * UINT64_C(1000000));
  work(&s, b, 10000);
  check_true("somebody asks", "may not", !pm_share_may(&s, a));
  check_true("somebody asks", "he may", pm_share_may(&s, b));
  check_true("what he took while alone", "is no debt",
             pm_share_next(&s) < begin_ns + PM_NS_PER_S / 5 + 10000000);
  pass(&s, 0.3);
  check_true("a little later", "may", pm_share_may(&s, a));
  work(&s, a, 48 * UINT64_C(1000000));
  check_true("too much", "may not", !pm_share_may(&s, a));
  uint64_t next = pm_share_next(&s);
  check_true("waits", "until it is made up for",
             next > begin_ns + PM_NS_PER_S / 2 &&
                 next < begin_ns + PM_NS_PER_S * 3 / 2);
  pm_share_pass(&s, next - 20000000);
  check_true("a little earlier", "may not", !pm_share_may(&s, a));
  pm_share_pass(&s, next);
  check_true("then", "may", pm_share_may(&s, a));
  pass(&s, 0.3 + PM_SHARE_ACTIVE_S + 0.1);
  work(&s, a, 200 * UINT64_C(1000000));
  pass(&s, 0.3 + PM_SHARE_ACTIVE_S + 0.2);
  check_true("the other asks no more", "may", pm_share_may(&s, a));
  pm_share_done(&s);
  check_end();
}

/* What others' work was for him counts for him, up to a second. */
static void causes(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, OTHER);
  b->ms = 10;
  pass(&s, 0.001);
  work(&s, a, 1000);
  check_true("work", "is told", pm_share_end(&s, a) < 1000000);
  work(&s, b, 11 * UINT64_C(1000000));
  check_true("less than others", "used up", !pm_share_has_time(&s, b));
  pass(&s, 0.5);
  check_true("half a second", "made up for", pm_share_has_time(&s, b));
  check_true("the other", "has time", pm_share_has_time(&s, a));
  for (int i = 0; i < 1000; i++)
    pm_share_cause(a, 1000000);
  check_true("caused", "has none", !pm_share_has_time(&s, a));
  check_true("to know that", "is not to wait", !a->waits);
  pass(&s, 0.51);
  work(&s, b, 1000);
  check_true("caused", "waits", !pm_share_may(&s, a));
  b->aside = true;
  check_true("what nobody asked", "makes it not short", pm_share_may(&s, a));
  b->aside = false;
  pass(&s, 1.51);
  work(&s, b, 1000);
  check_true("a second later", "has", pm_share_has_time(&s, a));
  pm_share_done(&s);
  check_end();
}

/* One waits no longer than the others ask. */
static void others_end(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, OTHER);
  work(&s, b, 1000);
  work(&s, a, 300 * UINT64_C(1000000));
  check_true("they ask", "may not", !pm_share_may(&s, a));
  uint64_t next = pm_share_next(&s);
  check_u64("they ask", "until they do not", next,
            begin_ns + PM_SHARE_ACTIVE_S * PM_NS_PER_S);
  pm_share_pass(&s, next);
  check_true("then", "may", pm_share_may(&s, a));
  pm_share_done(&s);
  check_end();
}

/* A pass costs something itself, so that it is not made for a moment's time. */
static void rests(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, OTHER);
  work(&s, b, 1000);
  work(&s, a, PM_SHARE_MS * UINT64_C(1000000) - 10000);
  work(&s, a, 20000);
  check_true("little too much", "may not", !pm_share_may(&s, a));
  check_true("little too much", "rests",
             pm_share_next(&s) >= begin_ns + 2 * UINT64_C(1000000));
  pm_share_done(&s);
  check_end();
}

/* Who disconnects and comes back has no more than before. */
static void comes_back(void **state) {
  (void)state;
  struct pm_shares s = {0};
  pass(&s, 0);
  struct pm_share *a = pm_share_join(&s, ME), *b = pm_share_join(&s, OTHER);
  work(&s, b, 1000);
  work(&s, a, 120 * UINT64_C(1000000));
  pm_share_leave(a);
  pass(&s, 0.1);
  a = pm_share_join(&s, ME);
  check_true("soon", "may not", !pm_share_may(&s, a));
  pm_share_leave(a);
  pass(&s, 3);
  check_true("later", "forgotten", s.list == b && !b->next);
  a = pm_share_join(&s, ME);
  check_true("later", "may", pm_share_may(&s, a));
  pm_share_done(&s);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(joins),      cmocka_unit_test(slices),
      cmocka_unit_test(alone),      cmocka_unit_test(comes_back),
      cmocka_unit_test(causes),     cmocka_unit_test(rests),
      cmocka_unit_test(others_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
