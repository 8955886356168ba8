#include "base/hash_table.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>

enum { ITEMS = 5000 };

static bool has(const struct pm_hash_table *t, uint32_t hash, uint32_t number) {
  struct pm_hash_walk walk = pm_hash_table_walk(t, hash);
  for (uint32_t n; pm_hash_table_next(t, &walk, &n);)
    if (n == number)
      return true;
  return false;
}

static void add(struct pm_hash_table *t, uint32_t hash, uint32_t number) {
  check_int("add", "room", pm_hash_table_reserve(t, 1), 0);
  pm_hash_table_add(t, hash, number);
}

static void empty(void **state) {
  (void)state;
  struct pm_hash_table t = {0};
  check_true("zeroed", "has nothing", !has(&t, 0, 0) && !has(&t, 7, 1));
  pm_hash_table_clear(&t);
  pm_hash_table_done(&t);
  check_end();
}

/* Hashes that spread, that are all the same, and that differ in bits that the
 * table has not got to yet. */
static const struct {
  const char *name;
  uint32_t factor;
} spreads[] = {{"spread", 2654435761U}, {"same", 0}, {"high bits", 1U << 20}};

static void grows(void **state) {
  (void)state;
  for (size_t k = 0; k < CHECK_COUNT(spreads); k++) {
    uint32_t items = spreads[k].factor ? ITEMS : 200, f = spreads[k].factor;
    struct pm_hash_table t = {0};
    for (uint32_t i = 0; i < items; i++)
      add(&t, i * f, i);
    check_u64(spreads[k].name, "count", t.count, items);
    check_true(spreads[k].name, "a quarter is free", t.count * 4 <= t.size * 3);
    for (uint32_t i = 0; i < items; i++)
      if (!has(&t, i * f, i))
        check_true(spreads[k].name, "every item is found", false);
    check_true(spreads[k].name, "no other is", !has(&t, 1, items));
    pm_hash_table_done(&t);
  }
  check_end();
}

/* Removing in any order must leave the others where they are found. */
static void removes(void **state) {
  (void)state;
  static bool is_in[ITEMS];
  for (size_t k = 0; k < CHECK_COUNT(spreads); k++) {
    uint32_t items = spreads[k].factor ? ITEMS : 200, f = spreads[k].factor;
    struct pm_hash_table t = {0};
    srand(1);
    for (uint32_t i = 0; i < items; i++) {
      add(&t, i * f, i);
      is_in[i] = true;
    }
    for (uint32_t i = 0; i < items; i++) {
      uint32_t n = (uint32_t)rand() % items;
      if (!is_in[n])
        continue;
      pm_hash_table_remove(&t, n * f, n);
      is_in[n] = false;
    }
    size_t left = 0;
    for (uint32_t i = 0; i < items; i++) {
      left += is_in[i];
      if (has(&t, i * f, i) != is_in[i])
        check_u64(spreads[k].name, "found or not", i, is_in[i]);
    }
    check_u64(spreads[k].name, "count", t.count, left);
    pm_hash_table_clear(&t);
    check_true(spreads[k].name, "cleared", !has(&t, 0, 0) && t.count == 0);
    add(&t, 5, 9);
    check_true(spreads[k].name, "in use again", has(&t, 5, 9));
    pm_hash_table_done(&t);
  }
  check_end();
}

/* What is reserved can be added without another word; what was large and is
 * cleared when nearly empty gets smaller, and has room for what it had. */
static void room(void **state) {
  (void)state;
  struct pm_hash_table t = {0};
  check_int("5000 at once", "status", pm_hash_table_reserve(&t, ITEMS), 0);
  size_t size = t.size;
  for (uint32_t i = 0; i < ITEMS; i++)
    pm_hash_table_add(&t, i, i);
  check_u64("5000 at once", "size", t.size, size);
  pm_hash_table_clear(&t);
  check_u64("was full", "size", t.size, size);
  for (int i = 0; i < 20; i++) {
    pm_hash_table_clear(&t);
    for (uint32_t k = 0; k < 3; k++)
      pm_hash_table_add(&t, k, k);
  }
  check_true("3 at a time", "size", t.size >= 4 && t.size <= 64);
  check_true("3 at a time", "found", has(&t, 2, 2) && !has(&t, 3, 3));
  pm_hash_table_done(&t);
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  struct pm_hash_table t = {0};
  int status = 0;
  uint32_t n = 0;
  while (n < 1000) {
    failing_alloc_fail_at(n > 100);
    status = pm_hash_table_reserve(&t, 1);
    failing_alloc_fail_at(0);
    if (status < 0)
      break;
    pm_hash_table_add(&t, n, n);
    n++;
  }
  check_int("no memory", "status", status, -ENOMEM);
  for (uint32_t i = 0; i < n; i++)
    check_true("no memory", "what was there stays", has(&t, i, i));
  add(&t, n, n);
  check_true("later", "there is room", has(&t, n, n));
  pm_hash_table_done(&t);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty),     cmocka_unit_test(grows),
      cmocka_unit_test(removes),   cmocka_unit_test(room),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
