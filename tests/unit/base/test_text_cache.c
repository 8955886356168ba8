/* What is kept, what makes room, and what memory does to it. */
#include "base/text_cache.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <string.h>

struct key {
  char bytes[PM_TEXT_KEY];
};

static struct key key_of(unsigned n) {
  struct key key = {0};
  snprintf(key.bytes, sizeof key.bytes, "%u", n);
  return key;
}

static void put(struct pm_text_cache *c, unsigned n, const char *text) {
  struct key key = key_of(n);
  pm_text_cache_put(c, &key, text);
}

static const char *get(struct pm_text_cache *c, unsigned n) {
  struct key key = key_of(n);
  return pm_text_cache_get(c, &key);
}

static void keeps(void **state) {
  (void)state;
  struct pm_text_cache c;
  pm_text_cache_init(&c, 100);
  check_true("empty", "nothing", !get(&c, 1));
  for (unsigned n = 0; n < 100; n++)
    put(&c, n, key_of(n).bytes);
  for (unsigned n = 0; n < 100; n++)
    check_text("all", "text", get(&c, n), key_of(n).bytes);
  put(&c, 7, "another");
  put(&c, 7, "another");
  check_text("again", "the newer text", get(&c, 7), "another");
  check_u64("again", "count", c.count, 100);
  check_u64("again", "in the index", c.index.count, 100);
  pm_text_cache_done(&c);
  check_end();
}

static void makes_room(void **state) {
  (void)state;
  struct pm_text_cache c;
  pm_text_cache_init(&c, 4);
  for (unsigned n = 0; n < 4; n++)
    put(&c, n, "text");
  get(&c, 0);
  put(&c, 4, "text");
  check_true("one more", "what was asked for stays", get(&c, 0));
  check_true("one more", "the oldest other does not", !get(&c, 1));
  for (unsigned n = 5; n < 1000; n++) {
    put(&c, n, "text");
    check_true("a flood", "the newest is there", get(&c, n));
    check_true("a flood", "what is in use stays", get(&c, 0));
  }
  check_u64("a flood", "count", c.count, 4);
  check_u64("a flood", "in the index", c.index.count, 4);
  pm_text_cache_done(&c);
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  struct pm_text_cache c;
  pm_text_cache_init(&c, 1000);
  for (unsigned n = 0; n < 200; n++)
    for (size_t nth = 1;; nth++) {
      failing_alloc_fail_at(nth);
      put(&c, n, "text");
      bool failed = failing_alloc_failed();
      failing_alloc_fail_at(0);
      check_true("no memory", "kept or not", (get(&c, n) == NULL) == failed);
      if (!failed)
        break;
    }
  failing_alloc_fail_at(1);
  put(&c, 3, "another");
  failing_alloc_fail_at(0);
  check_text("no memory", "the old text", get(&c, 3), "text");
  pm_text_cache_done(&c);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps),
      cmocka_unit_test(makes_room),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests_name("text_cache", tests, NULL, NULL);
}
