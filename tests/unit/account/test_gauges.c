/* A process's gauges, as they are kept and joined. */
#include "core/account/gauges.h"

#include "unit/support/check.h"

enum { MIB = 1 << 20 };

/* A task with one gauge. */
static struct pm_task task_with(enum pm_field f, uint64_t value) {
  struct pm_task t = {.pid = 1};
  pm_task_set(&t, f, value);
  return t;
}

/* ---- kept ---- */

static void kept_numbers(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_field field;
    uint64_t value;
    bool known;
  } rows[] = {
      {"nothing", PM_F_anon, 0, true},
      {"a page", PM_F_anon, 4096, true},
      {"the most of one kind", PM_F_swap, (UINT64_C(1) << 44) - 4096, true},
      {"more", PM_F_swap, UINT64_C(1) << 44, false},
      {"much more, and 0 in 32 bits", PM_F_file, UINT64_C(1) << 60, false},
      {"all of resident memory", PM_F_rss, UINT64_C(1) << 60, true},
      {"an address space of 57 bits", PM_F_vsize, UINT64_C(1) << 57, true},
      {"threads", PM_F_threads, 4194304, true},
      {"an odd number of descriptors", PM_F_fds, 1073741817, true},
      {"a share above the limit", PM_F_fd_share, 4000000000, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    enum pm_field f = rows[i].field;
    struct pm_entry e = {.birth = 7};
    struct pm_task t = task_with(f, rows[i].value);
    pm_gauges_keep(&e, &t);
    check_u64(rows[i].name, "known", e.known, rows[i].known ? PM_BIT(f) : 0);
    if (rows[i].known)
      check_u64(rows[i].name, "value", pm_gauge(&e, f), rows[i].value);
    t = task_with(f, 8192); /* it is known again */
    pm_gauges_keep(&e, &t);
    check_u64(rows[i].name, "then known", e.known, PM_BIT(f));
    check_u64(rows[i].name, "then", pm_gauge(&e, f), 8192);
  }
  struct pm_entry e = {.birth = 7};
  struct pm_task counters = {.have = PM_HAVE_COUNTERS};
  pm_gauges_keep(&e, &counters);
  check_u64("counters", "are no gauges", e.known, 0);
  check_u64("birth", "is the entry's", pm_gauge(&e, PM_F_birth), 7);
  check_end();
}

/* ---- joined ---- */

static void joined_numbers(void **state) {
  (void)state;
  static const uint32_t all = UINT32_MAX >> (32 - PM_F_COUNT);
  for (int full = 0; full < 2; full++) {
    const char *row = full ? "full" : "basic";
    struct pm_group g = {.full = full};
    struct pm_entry e = {.group = &g};
    struct pm_task t = task_with(PM_F_anon, 3 * MIB);
    pm_task_set(&t, PM_F_file, MIB);
    pm_gauges_keep(&e, &t);
    pm_gauges_join(&e, all);
    pm_gauges_join(&e, PM_BIT(PM_F_anon) | PM_BIT(PM_F_file));
    check_u64(row, "anon", g.gauge[PM_F_anon - PM_F_COUNTERS], 6 * MIB);
    check_u64(row, "file", g.gauge[PM_F_file - PM_F_COUNTERS],
              full ? 2 * MIB : 0);
    uint32_t wanted = full ? all & ~PM_HAVE_COUNTERS : PM_GAUGES_BASIC;
    check_u64(row, "wanted", pm_gauges_wanted(&g, all), wanted);
    check_u64(row, "lacks", g.lacks, wanted & ~t.have);
  }
  check_end();
}

/* ---- what stat lacks ---- */

static void scan(struct pm_entry *e, uint64_t stat) {
  struct pm_task t = task_with(PM_F_rss, stat);
  pm_gauges_keep(e, &t);
  pm_gauges_correct_rss(e);
}

static void compared_memory(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t first, exact, then, want; /* pages */
  } rows[] = {
      {"equal", 100, 100, 110, 110},
      {"stat lacks some", 100, 130, 110, 140},
      {"stat has too many", 100, 90, 110, 100},
      {"it gave nearly all back", 100, 90, 5, 5},
      {"it has no memory any more", 100, 130, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_group g = {.full = true};
    struct pm_entry e = {.group = &g};
    uint64_t *sum = &g.gauge[PM_F_rss - PM_F_COUNTERS];
    scan(&e, rows[i].first * 4096);
    pm_gauges_join(&e, PM_BIT(PM_F_rss));
    *sum += 7 * 4096; /* of others */
    pm_gauges_compare_rss(&e, rows[i].exact * 4096);
    check_u64(rows[i].name, "exact", e.rss, rows[i].exact * 4096);
    check_u64(rows[i].name, "sum", *sum, (rows[i].exact + 7) * 4096);
    scan(&e, rows[i].then * 4096);
    check_u64(rows[i].name, "in the next scan", e.rss, rows[i].want * 4096);
    scan(&e, rows[i].then * 4096 + 4096);
    check_u64(rows[i].name, "not added twice", e.rss,
              (rows[i].want + 1) * 4096);
  }
  check_end();
}

/* Nothing to compare with. */
static void unknown_memory(void **state) {
  (void)state;
  struct pm_group g = {.full = true};
  struct pm_entry e = {.group = &g};
  pm_gauges_compare_rss(&e, MIB);
  check_u64("unknown", "rss", e.rss, 0);
  check_u64("unknown", "sum", g.gauge[PM_F_rss - PM_F_COUNTERS], 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kept_numbers),
      cmocka_unit_test(joined_numbers),
      cmocka_unit_test(compared_memory),
      cmocka_unit_test(unknown_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
