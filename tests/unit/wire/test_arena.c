/* Memory that libyajl never sees the end of. */
#include "wire/arena.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096 };

static void *ask(struct pm_arena *arena, void *block, size_t size) {
  yajl_alloc_funcs f = pm_arena_funcs(arena);
  if (setjmp(arena->full))
    return NULL;
  return block ? f.realloc(f.ctx, block, size) : f.malloc(f.ctx, size);
}

static void blocks(void **state) {
  (void)state;
  struct pm_arena a = {0};
  unsigned char *block[20];
  assert_int_equal(pm_arena_begin(&a, ROOM), 0);
  for (size_t i = 0; i < 20; i++) {
    block[i] = ask(&a, NULL, i * 3);
    assert_non_null(block[i]);
    check_u64("block", "alignment", (uintptr_t)block[i] % 16, 0);
    memset(block[i], (int)i, i * 3);
  }
  block[7] = ask(&a, block[7], 100);
  memset(block[7] + 21, 7, 79);
  block[9] = ask(&a, block[9], 5);
  yajl_alloc_funcs f = pm_arena_funcs(&a);
  f.free(f.ctx, block[8]);
  for (size_t i = 0; i < 20; i++)
    for (size_t at = 0; at < (i == 7 ? 100 : i == 9 ? 5 : i * 3); at++)
      check_u64("block", "byte", block[i][at], i);
  check_true("realloc(NULL)", "is malloc", f.realloc(f.ctx, NULL, 8) != NULL);
  pm_arena_done(&a);
  check_end();
}

/* The last byte can be had, one more leaves libyajl. */
static void full(void **state) {
  (void)state;
  static const size_t sizes[] = {ROOM + 1, SIZE_MAX, SIZE_MAX - 16,
                                 SIZE_MAX - 48};
  struct pm_arena a = {0};
  check_true("no room at all", "none", !ask(&a, NULL, 1));
  assert_int_equal(pm_arena_begin(&a, ROOM), 0);
  for (size_t i = 0; i < CHECK_COUNT(sizes); i++)
    check_true("too large", "none", !ask(&a, NULL, sizes[i]));
  size_t most = ROOM;
  char *block = NULL;
  while (!block && most > 0)
    block = ask(&a, NULL, most--);
  assert_non_null(block);
  memset(block, 1, most + 1);
  check_true("the rest", "nearly all", most > ROOM - 64);
  check_true("the rest", "within", a.used <= a.room);
  check_true("full", "none", !ask(&a, NULL, 1));
  check_true("full", "grows not", !ask(&a, block, most + 2));
  assert_int_equal(pm_arena_begin(&a, ROOM), 0);
  check_true("again", "room", ask(&a, NULL, most) != NULL);
  pm_arena_done(&a);
  check_end();
}

static void rooms(void **state) {
  (void)state;
  struct pm_arena a = {0};
  failing_alloc_fail_at(1);
  check_int("first", "status", pm_arena_begin(&a, ROOM), -ENOMEM);
  check_int("first", "status", pm_arena_begin(&a, ROOM), 0);
  size_t before = failing_alloc_count();
  check_int("smaller", "status", pm_arena_begin(&a, 10), 0);
  check_u64("smaller", "allocations", failing_alloc_count() - before, 0);
  failing_alloc_fail_at(1);
  check_int("larger", "status", pm_arena_begin(&a, 2 * ROOM), -ENOMEM);
  failing_alloc_fail_at(0);
  check_true("larger", "as it was", ask(&a, NULL, ROOM / 2) != NULL);
  check_int("larger", "status", pm_arena_begin(&a, 2 * ROOM), 0);
  check_true("larger", "room", ask(&a, NULL, ROOM) != NULL);
  pm_arena_done(&a);
  check_true("done", "no memory", !a.base && !a.room);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks),
      cmocka_unit_test(full),
      cmocka_unit_test(rooms),
  };
  return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
