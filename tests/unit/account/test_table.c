/* The table of processes against a model that is too simple to be wrong. */
#include "core/account/table.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <stdlib.h>
#include <string.h>

static uint32_t draw(uint32_t *seed) {
  *seed = *seed * 1664525 + 1013904223;
  return *seed >> 8;
}

/* ---- one after the other ---- */

static void empty(void **state) {
  (void)state;
  struct pm_table t = {0};
  check_true("empty", "finds nothing", !pm_table_find(&t, 1, 1));
  check_true("empty", "nothing lives", !pm_table_find_live(&t, 1));
  check_u64("empty", "count", t.count, 0);
  pm_table_each(&t, NULL, NULL);
  pm_table_done(&t);
  check_end();
}

static void added_entries(void **state) {
  (void)state;
  struct pm_table t = {0};
  struct pm_entry *e = pm_table_add(&t, 42, 1000);
  assert_non_null(e);
  check_int("new", "pid", e->pid, 42);
  check_u64("new", "birth", e->birth, 1000);
  check_int("new", "life", e->life, PM_LIFE_LIVE);
  check_u64("new", "known", e->known, 0);
  check_u64("new", "count", t.count, 1);
  check_true("new", "found", pm_table_find(&t, 42, 1000) == e);
  check_true("new", "not by another birth", !pm_table_find(&t, 42, 1001));
  check_true("new", "not by another pid", !pm_table_find(&t, 43, 1000));
  /* an entry that is used again remembers nothing */
  memset(e->last, 0x5a, sizeof e->last);
  e->known = e->details_turn = 77;
  pm_table_remove(&t, e);
  e = pm_table_add(&t, 43, 2000);
  check_u64("again", "known", e->known, 0);
  check_u64("again", "looked", e->details_turn, 0);
  check_u64("again", "last", e->last[0], 0);
  pm_table_done(&t);
  check_u64("done", "count", t.count, 0);
  check_end();
}

/* A pid is used again while the first one's death record is still to come. */
static void two_births(void **state) {
  (void)state;
  static const char *const orders[] = {"old first", "new first"};
  for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
    struct pm_table t = {0};
    struct pm_entry *old = pm_table_add(&t, 7, 100);
    check_true(orders[i], "the old one lives",
               pm_table_find_live(&t, 7) == old);
    old->life = PM_LIFE_LIMBO;
    check_true(orders[i], "nobody lives", !pm_table_find_live(&t, 7));
    struct pm_entry *new = pm_table_add(&t, 7, 200);
    check_true(orders[i], "two entries", old != new);
    check_true(orders[i], "the new one lives",
               pm_table_find_live(&t, 7) == new);
    check_true(orders[i], "the old one is found",
               pm_table_find(&t, 7, 100) == old);
    pm_table_remove(&t, i == 0 ? old : new);
    check_true(orders[i], "the new one",
               pm_table_find_live(&t, 7) == (i == 0 ? new : NULL));
    check_true(orders[i], "the old one",
               pm_table_find(&t, 7, 100) == (i == 0 ? NULL : old));
    check_u64(orders[i], "count", t.count, 1);
    pm_table_done(&t);
  }
  check_end();
}

/* ---- against the model ---- */

enum { STEPS = 10000, MODEL = 4096, PIDS = 1500 };

struct model {
  struct {
    int32_t pid;
    uint64_t birth;
    struct pm_entry *entry;
  } item[MODEL];
  size_t count;
};

static void model_add(struct model *m, struct pm_table *t, int32_t pid,
                      uint64_t birth) {
  struct pm_entry *e = pm_table_add(t, pid, birth);
  assert_non_null(e);
  m->item[m->count].pid = pid;
  m->item[m->count].birth = birth;
  m->item[m->count++].entry = e;
}

static void model_remove(struct model *m, struct pm_table *t, size_t at) {
  pm_table_remove(t, m->item[at].entry);
  m->item[at] = m->item[--m->count];
}

static void model_check(const struct model *m, struct pm_table *t,
                        unsigned step) {
  char row[32];
  snprintf(row, sizeof row, "step %u", step);
  check_u64(row, "count", t->count, m->count);
  for (size_t i = 0; i < m->count; i++) {
    const struct pm_entry *e = m->item[i].entry;
    check_true(row, "each is found",
               pm_table_find(t, m->item[i].pid, m->item[i].birth) == e);
    check_true(row, "each is next",
               pm_table_next(t, m->item[i].pid, m->item[i].birth) == e);
    check_true(row, "each is itself",
               e->pid == m->item[i].pid && e->birth == m->item[i].birth);
    check_true(row, "one of the pid lives",
               pm_table_find_live(t, m->item[i].pid) != NULL);
  }
  check_true(row, "a pid never used", !pm_table_find_live(t, PIDS + 1));
  check_true(row, "a birth to come",
             m->count == 0 || !pm_table_next(t, m->item[0].pid, STEPS + 1));
}

/* Births are the step's number: no pair comes twice, pids come often. */
static void random_steps(void **state) {
  (void)state;
  static const int32_t spread[] = {1, 256, 65536};
  for (size_t s = 0; s < CHECK_COUNT(spread); s++) {
    struct pm_table t = {0};
    struct model *m = calloc(1, sizeof *m);
    uint32_t seed = 5;
    for (unsigned step = 1; step <= STEPS; step++) {
      /* grows first, shrinks later */
      bool add = draw(&seed) % 100 < (step < STEPS / 2 ? 60U : 35U);
      if (add || m->count == 0)
        model_add(m, &t, (int32_t)(draw(&seed) % PIDS) * spread[s], step);
      else
        model_remove(m, &t, draw(&seed) % m->count);
      if (step % 500 == 0)
        model_check(m, &t, step);
    }
    free(m);
    pm_table_done(&t);
  }
  check_end();
}

/* What was expected next is gone, or its place is another's. */
static void expected_entry_is_gone(void **state) {
  (void)state;
  struct pm_table t = {0};
  for (int pid = 1; pid <= 3; pid++)
    pm_table_add(&t, pid, 10);
  pm_table_next(&t, 1, 10);
  pm_table_remove(&t, pm_table_find(&t, 2, 10));
  check_true("removed", "not found", !pm_table_next(&t, 2, 10));
  struct pm_entry *young = pm_table_add(&t, 2, 20);
  pm_table_next(&t, 1, 10);
  check_true("reused", "not by the old birth", !pm_table_next(&t, 2, 10));
  check_true("reused", "by its own", pm_table_next(&t, 2, 20) == young);
  pm_table_done(&t);
  check_end();
}

/* ---- visiting ---- */

struct visits {
  struct pm_table *table;
  unsigned all, removed;
  uint64_t births;
};

static void remove_odd(void *arg, struct pm_entry *e) {
  struct visits *v = arg;
  v->all++;
  v->births += e->birth;
  if (e->pid % 2 == 0)
    return;
  pm_table_remove(v->table, e);
  v->removed++;
}

static void removal_inside_each(void **state) {
  (void)state;
  struct pm_table t = {0};
  for (int pid = 1; pid <= 1000; pid++)
    pm_table_add(&t, pid, (uint64_t)pid);
  struct visits v = {.table = &t};
  pm_table_each(&t, remove_odd, &v);
  check_u64("first", "visits", v.all, 1000);
  check_u64("first", "each once", v.births, 500500);
  check_u64("first", "removed", v.removed, 500);
  check_u64("first", "count", t.count, 500);
  v = (struct visits){.table = &t};
  pm_table_each(&t, remove_odd, &v);
  check_u64("second", "visits", v.all, 500);
  check_u64("second", "removed", v.removed, 0);
  for (int pid = 1; pid <= 1000; pid++) {
    char row[32];
    snprintf(row, sizeof row, "pid %d", pid);
    check_true(row, "found if even",
               (pm_table_find_live(&t, pid) != NULL) == (pid % 2 == 0));
  }
  pm_table_done(&t);
  check_end();
}

/* ---- memory ---- */

static void entries_keep_their_place(void **state) {
  (void)state;
  struct pm_table t = {0};
  struct pm_entry *first = pm_table_add(&t, 1, 1);
  first->ppid = 4711;
  for (int pid = 2; pid < 5000; pid++)
    pm_table_add(&t, pid, 1);
  check_true("5000 later", "same address", pm_table_find(&t, 1, 1) == first);
  check_int("5000 later", "same content", first->ppid, 4711);
  pm_table_done(&t);
  check_end();
}

/* Below its peak nothing is allocated, whatever comes and goes. */
static void steady_state(void **state) {
  (void)state;
  struct pm_table t = {0};
  for (int pid = 1; pid <= 1000; pid++)
    pm_table_add(&t, pid, 1);
  size_t before = failing_alloc_count();
  uint64_t birth = 2;
  for (int round = 0; round < 50; round++)
    for (int pid = 1; pid <= 1000; pid++) {
      pm_table_remove(&t, pm_table_find_live(&t, pid));
      pm_table_add(&t, pid, birth++);
    }
  check_u64("50,000 births and deaths", "allocations",
            failing_alloc_count() - before, 0);
  check_u64("50,000 births and deaths", "count", t.count, 1000);
  pm_table_done(&t);
  check_end();
}

static void check_members(const char *row, const struct pm_table *t, int last) {
  check_u64(row, "count", t->count, (uint64_t)last);
  for (int pid = 1; pid <= last; pid++)
    check_true(row, "all are still there", pm_table_find(t, pid, 1) != NULL);
  check_true(row, "no other is", !pm_table_find_live(t, last + 1));
}

/* Every allocation on the way to 1000 entries fails once. */
static void no_memory(void **state) {
  (void)state;
  struct pm_table t = {0};
  unsigned failures = 0;
  for (int pid = 1; pid <= 1000; pid++) {
    size_t before = failing_alloc_count();
    for (size_t nth = 1;; nth++) {
      char row[48];
      failing_alloc_fail_at(nth);
      struct pm_entry *e = pm_table_add(&t, pid, 1);
      bool failed = failing_alloc_failed();
      failing_alloc_fail_at(0);
      snprintf(row, sizeof row, "entry %d, allocation %zu fails", pid, nth);
      check_true(row, "none without memory", (e == NULL) == failed);
      if (!failed)
        break;
      check_members(row, &t, pid - 1);
      failures++;
    }
    check_true("steady", "at most a few tries",
               failing_alloc_count() - before < 20);
  }
  check_true("all", "several kinds of failure were met", failures > 15);
  check_members("at last", &t, 1000);
  pm_table_done(&t);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty),
      cmocka_unit_test(added_entries),
      cmocka_unit_test(two_births),
      cmocka_unit_test(random_steps),
      cmocka_unit_test(expected_entry_is_gone),
      cmocka_unit_test(removal_inside_each),
      cmocka_unit_test(entries_keep_their_place),
      cmocka_unit_test(steady_state),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
