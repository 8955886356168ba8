/* The busiest, in order. */
#include "views/busiest.h"

#include "unit/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct pm_snapshot_process process[400];

static struct pm_busiest
choose(size_t count, bool (*wanted)(void *, const struct pm_snapshot_process *),
       void *arg) {
  const struct pm_snapshot s = {
      .number = 77, .processes = process, .process_count = count};
  struct pm_busiest top = {.count = 55};
  pm_busiest_choose(&top, &s, wanted, arg);
  check_u64("top", "number", top.number, 77);
  return top;
}

static void few(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t count;
    double cores[5];
    const char *order;
  } rows[] = {
      {"none", 0, {0}, ""},
      {"one", 1, {1}, "0"},
      {"ascending", 3, {1, 2, 3}, "210"},
      {"descending", 3, {3, 2, 1}, "012"},
      {"equals stay", 5, {0, 1, 0, 1, 0}, "13024"},
      {"not known comes last", 4, {(double)NAN, 0, (double)NAN, 0.5}, "3102"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char order[8] = "";
    for (size_t k = 0; k < rows[i].count; k++)
      process[k].cores = rows[i].cores[k];
    struct pm_busiest top = choose(rows[i].count, NULL, NULL);
    for (size_t k = 0; k < top.count; k++)
      order[k] = (char)('0' + top.row[k]);
    check_text(rows[i].name, "order", order, rows[i].order);
  }
  check_end();
}

static bool even(void *arg, const struct pm_snapshot_process *p) {
  return p->pid % *(int *)arg == 0;
}

/* More than there is room for, against a sort of all. */
static void many(void **state) {
  (void)state;
  uint32_t seed = 1;
  for (int round = 0; round < 50; round++) {
    int of = 1 + round % 3;
    for (int i = 0; i < 400; i++) {
      seed = seed * 1664525 + 1013904223;
      process[i].pid = i;
      process[i].cores = seed >> 28 ? (seed >> 20) % 64 : (double)NAN;
    }
    struct pm_busiest top = choose(400, even, &of);
    bool in[400] = {false};
    check_u64("many", "count", top.count, PM_BUSIEST_MAX);
    for (uint32_t k = 0; k < top.count; k++) {
      in[top.row[k]] = true;
      check_int("many", "wanted", process[top.row[k]].pid % of, 0);
      double a = process[top.row[k ? k - 1 : 0]].cores,
             b = process[top.row[k]].cores;
      check_true("many", "in order",
                 a > b || isnan(b) ||
                     (a == b && (k == 0 || top.row[k - 1] < top.row[k])));
    }
    double least = process[top.row[PM_BUSIEST_MAX - 1]].cores;
    for (int i = 0; i < 400; i++) {
      check_true("many", "none was left out",
                 in[i] || i % of || !(process[i].cores > least));
      check_true("many", "the first of equals is in",
                 in[i] || i % of || process[i].cores != least ||
                     i > (int)top.row[PM_BUSIEST_MAX - 1]);
    }
  }
  check_end();
}

static bool count_asked(void *arg, const struct pm_snapshot_process *p) {
  (void)p;
  ++*(unsigned *)arg;
  return true;
}

/* Whether one is wanted may be dear to know (hidepid). */
static void asks_little(void **state) {
  (void)state;
  unsigned asked = 0;
  for (int i = 0; i < 400; i++)
    process[i] = (struct pm_snapshot_process){.cores = 400 - i};
  choose(400, count_asked, &asked);
  check_u64("descending", "asked", asked, PM_BUSIEST_MAX);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(few),
      cmocka_unit_test(many),
      cmocka_unit_test(asks_little),
  };
  return cmocka_run_group_tests_name("busiest", tests, NULL, NULL);
}
