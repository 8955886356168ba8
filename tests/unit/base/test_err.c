/* Messages on the caller's stack. */
#include "base/err.h"

#include "unit/support/check.h"

#include <errno.h>
#include <string.h>

static void set(void **state) {
  (void)state;
  static const struct {
    int num;
    const char *what, *want;
  } rows[] = {
      {ENOENT, "/proc/1", "read /proc/1: No such file or directory"},
      {EACCES, "x", "read x: Permission denied"},
      {ENOMEM, "", "read : Cannot allocate memory"},
      {4095, "y", "read y: Unknown error 4095"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_err err = PM_ERR_INIT;
    check_int(rows[i].want, "result",
              pm_err_set(&err, rows[i].num, "read %s", rows[i].what),
              -rows[i].num);
    check_int(rows[i].want, "number", err.num, rows[i].num);
    check_text(rows[i].want, "text", err.text, rows[i].want);
  }
  check_end();
}

static void say(void **state) {
  (void)state;
  struct pm_err err = {ENOENT, "something longer that was there before"};
  check_int("say", "result", pm_err_say(&err, EINVAL, "line %d", 7), -EINVAL);
  check_int("say", "number", err.num, EINVAL);
  check_text("say", "text", err.text, "line 7");
  check_end();
}

static void nobody_listens(void **state) {
  (void)state;
  check_int("set", "result", pm_err_set(NULL, EIO, "x"), -EIO);
  check_int("say", "result", pm_err_say(NULL, EIO, "x"), -EIO);
  check_end();
}

/* Texts around the size of the buffer are cut, and always end. */
static void lengths(void **state) {
  (void)state;
  for (int length = PM_ERR_TEXT - 40; length < PM_ERR_TEXT + 40; length++) {
    char row[32];
    struct {
      struct pm_err err;
      char guard[8];
    } box = {.guard = "guarded"};
    snprintf(row, sizeof row, "%d bytes", length);
    check_int(row, "result", pm_err_set(&box.err, EIO, "%0*d", length, 0),
              -EIO);
    size_t whole = (size_t)length + strlen(": Input/output error");
    check_u64(row, "length", strnlen(box.err.text, PM_ERR_TEXT),
              whole < PM_ERR_TEXT ? whole : PM_ERR_TEXT - 1);
    check_text(row, "what stands behind", box.guard, "guarded");
    check_int(row, "result", pm_err_say(&box.err, EIO, "%0*d", length, 0),
              -EIO);
    check_u64(row, "length", strnlen(box.err.text, PM_ERR_TEXT),
              length < PM_ERR_TEXT ? (size_t)length : PM_ERR_TEXT - 1);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(set),
      cmocka_unit_test(say),
      cmocka_unit_test(nobody_listens),
      cmocka_unit_test(lengths),
  };
  return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
