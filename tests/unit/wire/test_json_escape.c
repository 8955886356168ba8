/* The same bytes as libyajl's generator, and where it stops. */
#include "wire/json_escape.h"

#include "unit/support/check.h"
#include "wire/json_out.h"

#include <stdlib.h>
#include <string.h>

static void same(const char *text, size_t length) {
  struct pm_buf want = PM_BUF_INIT(1 << 20), got = PM_BUF_INIT(1 << 20);
  struct pm_json_out *out = pm_json_out_new(&want);
  bool changed;
  pm_json_bytes(out, text, length);
  ptrdiff_t taken = pm_json_escape(&got, text, length, 1 << 19, &changed);
  check_int("random", "taken", taken, (int64_t)length);
  check_u64("random", "length", got.length, want.length);
  if (got.length == want.length)
    check_bytes("random", "bytes", got.data, want.data, want.length);
  pm_json_out_free(out);
  pm_buf_done(&want);
  pm_buf_done(&got);
}

static void as_the_generator(void **state) {
  (void)state;
  char text[64];
  unsigned seed = 7;
  for (int c = 0; c < 256; c++) {
    text[0] = 'a';
    text[1] = (char)c;
    text[2] = 'b';
    same(text, 3);
  }
  same("\xf0\x9f\x98\x80\xe2\x82\xac\xed\xa0\x80\xc0\x80", 12);
  for (int i = 0; i < 3000; i++) {
    size_t n = (size_t)rand_r(&seed) % sizeof text;
    for (size_t k = 0; k < n; k++)
      text[k] = (char)(rand_r(&seed) % 3 ? rand_r(&seed) : 'a' + (int)k % 26);
    same(text, n);
  }
  check_end();
}

static void stops(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t most;
    const char *want;
    int taken;
  } rows[] = {
      {"abcdefgh", 8, "\"abcdef\"", 6},
      {"abcdef", 8, "\"abcdef\"", 6},
      {"abc\1def", 8, "\"abc\"", 3},
      {"\1\1", 8, "\"\\u0001\"", 1},
      {"abcde\xe2\x82\xac", 9, "\"abcde\"", 5},
      {"abcd\xe2\x82\xac", 9, "\"abcd\xe2\x82\xac\"", 7},
      {"abcdef\n", 9, "\"abcdef\"", 6},
      {"", 8, "\"\"", 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_buf got = PM_BUF_INIT(64);
    bool changed;
    ptrdiff_t taken = pm_json_escape(&got, rows[i].text, strlen(rows[i].text),
                                     rows[i].most, &changed);
    check_int(rows[i].text, "taken", taken, rows[i].taken);
    pm_buf_add(&got, "", 1);
    check_text(rows[i].text, "is", got.data, rows[i].want);
    check_true(rows[i].text, "is as it was", !changed);
    pm_buf_done(&got);
  }
  struct pm_buf got = PM_BUF_INIT(64);
  bool changed;
  pm_json_escape(&got, "a\xff", 2, 64, &changed);
  check_true("not UTF-8", "is changed", changed);
  pm_buf_done(&got);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_the_generator),
      cmocka_unit_test(stops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
