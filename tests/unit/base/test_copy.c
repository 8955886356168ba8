#include "base/copy.h"

#include "unit/support/check.h"

#include <string.h>

static void copies(void **state) {
  (void)state;
  static const struct {
    const char *name, *from;
    size_t length, size;
    const char *want;
  } rows[] = {
      {"fits", "abc", 3, 8, "abc"},
      {"just fits", "abc", 3, 4, "abc"},
      {"is cut", "abc", 3, 3, "ab"},
      {"room for the end alone", "abc", 3, 1, ""},
      {"nothing", "", 0, 4, ""},
      {"a part", "abcdef", 2, 8, "ab"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[16];
    memset(got, '#', sizeof got);
    size_t n = pm_copy(got, rows[i].size, rows[i].from, rows[i].length);
    check_text(rows[i].name, "copy", got, rows[i].want);
    check_u64(rows[i].name, "kept", n, strlen(rows[i].want));
    check_int(rows[i].name, "nothing behind", got[rows[i].size], '#');
  }
  check_end();
}

/* Bytes are copied as they are; a text ends at its NUL, or where there is no
 * more room, and nothing is read behind that. */
static void texts(void **state) {
  (void)state;
  char got[8], endless[4] = {'a', 'b', 'c', 'd'};
  check_u64("bytes", "kept", pm_copy(got, sizeof got, "a\0b", 3), 3);
  check_bytes("bytes", "copy", got, "a\0b", 4);
  check_u64("text", "kept", pm_copy_text(got, sizeof got, "a\0b"), 1);
  check_text("text", "copy", got, "a");
  check_u64("no NUL within reach", "kept", pm_copy_text(got, 4, endless), 3);
  check_text("no NUL within reach", "copy", got, "abc");
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copies),
      cmocka_unit_test(texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
