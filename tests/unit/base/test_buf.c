/* Bytes that grow up to a limit. */
#include "base/buf.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_holds(const char *row, const struct pm_buf *buf,
                        const char *want) {
  check_u64(row, "length", buf->length, strlen(want));
  check_true(row, "room for it", buf->room >= buf->length);
  check_bytes(row, "bytes", buf->length ? buf->data : "", want, buf->length);
}

static void limits(void **state) {
  (void)state;
  static const struct {
    const char *row;
    size_t most, held, more;
    int want;
  } rows[] = {
      {"nothing of nothing", 0, 0, 0, 0},
      {"one of nothing", 0, 0, 1, -EMSGSIZE},
      {"exactly the limit", 10, 0, 10, 0},
      {"one above", 10, 0, 11, -EMSGSIZE},
      {"what is left", 10, 7, 3, 0},
      {"one more than left", 10, 7, 4, -EMSGSIZE},
      {"nothing when it is full", 10, 10, 0, 0},
      {"a sum that overflows", SIZE_MAX, 7, SIZE_MAX - 3, -EMSGSIZE},
      {"below the first room", 1000, 100, 1, 0},
      {"doubling would exceed", 1000, 600, 400, 0},
      {"one above that", 1000, 600, 401, -EMSGSIZE},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char bytes[1024];
    struct pm_buf buf = PM_BUF_INIT(rows[i].most);
    memset(bytes, 'x', sizeof bytes);
    check_int(rows[i].row, "first", pm_buf_add(&buf, bytes, rows[i].held), 0);
    check_int(rows[i].row, "reserve", pm_buf_reserve(&buf, rows[i].more),
              rows[i].want);
    check_u64(rows[i].row, "length", buf.length, rows[i].held);
    check_true(rows[i].row, "never above the limit", buf.room <= buf.most);
    if (rows[i].want == 0)
      check_true(rows[i].row, "room", buf.room - buf.length >= rows[i].more);
    pm_buf_done(&buf);
  }
  check_end();
}

static void added_and_taken(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(16);
  check_int("nothing", "result", pm_buf_add(&buf, NULL, 0), 0);
  check_true("nothing", "no memory", !buf.data);
  check_int("first", "result", pm_buf_add(&buf, "0123456789", 10), 0);
  check_holds("first", &buf, "0123456789");
  check_int("too much", "result", pm_buf_add(&buf, "abcdefg", 7), -EMSGSIZE);
  check_holds("too much", &buf, "0123456789");
  pm_buf_take(&buf, 0);
  check_holds("none taken", &buf, "0123456789");
  pm_buf_take(&buf, 4);
  check_holds("taken", &buf, "456789");
  check_int("again", "result", pm_buf_add(&buf, "abcdefghij", 10), 0);
  check_holds("again", &buf, "456789abcdefghij");
  pm_buf_take(&buf, 16);
  check_holds("all taken", &buf, "");
  pm_buf_add(&buf, "z", 1);
  pm_buf_take(&buf, SIZE_MAX);
  check_holds("more than all taken", &buf, "");
  pm_buf_done(&buf);
  check_true("done", "no memory", !buf.data && !buf.room && !buf.length);
  check_u64("done", "the limit stays", buf.most, 16);
  check_end();
}

static void shrunk(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(1 << 20);
  pm_buf_shrink(&buf);
  check_true("never used", "no memory", !buf.data);
  pm_buf_add(&buf, "abc", 3);
  pm_buf_reserve(&buf, 100000);
  failing_alloc_fail_at(1);
  pm_buf_shrink(&buf);
  failing_alloc_fail_at(0);
  check_true("without memory", "as it was", buf.room > 100000);
  check_holds("without memory", &buf, "abc");
  pm_buf_shrink(&buf);
  check_u64("shrunk", "room", buf.room, 3);
  check_holds("shrunk", &buf, "abc");
  pm_buf_take(&buf, 3);
  pm_buf_shrink(&buf);
  check_true("empty", "no memory", !buf.data && !buf.room);
  check_int("again", "result", pm_buf_add(&buf, "de", 2), 0);
  check_holds("again", &buf, "de");
  pm_buf_done(&buf);
  check_end();
}

/* A byte at a time: the number of allocations is that of doublings. */
static void geometric(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(1 << 20);
  size_t before = failing_alloc_count();
  for (int i = 0; i < 1 << 20; i++)
    pm_buf_add(&buf, "x", 1);
  check_u64("a million bytes", "length", buf.length, 1 << 20);
  check_true("a million bytes", "few allocations",
             failing_alloc_count() - before <= 14);
  pm_buf_done(&buf);
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(1 << 20);
  failing_alloc_fail_at(1);
  check_int("first", "result", pm_buf_add(&buf, "abc", 3), -ENOMEM);
  check_holds("first", &buf, "");
  pm_buf_add(&buf, "abc", 3);
  failing_alloc_fail_at(1);
  check_int("growing", "result", pm_buf_reserve(&buf, 10000), -ENOMEM);
  failing_alloc_fail_at(0);
  check_holds("growing", &buf, "abc");
  pm_buf_done(&buf);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits),    cmocka_unit_test(added_and_taken),
      cmocka_unit_test(shrunk),    cmocka_unit_test(geometric),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
