/* Units out of control group paths. */
#include "core/identity/unit.h"

#include "unit/support/check.h"

#include <string.h>

static void units(void **state) {
  (void)state;
  static const struct {
    const char *name, *path, *want; /* want NULL: none */
  } rows[] = {
      {"a service", "/system.slice/nginx.service", "nginx.service"},
      {"a login", "/user.slice/user-1000.slice/session-3.scope",
       "session-3.scope"},
      {"the innermost counts",
       "/user.slice/user-1000.slice/user@1000.service/app.slice/gpg.service",
       "gpg.service"},
      {"groups below a service", "/system.slice/php.service/pool/www",
       "php.service"},
      {"an instance", "/system.slice/system-getty.slice/getty@tty1.service",
       "getty@tty1.service"},
      {"escaped", "/system.slice/dev-disk\\x2dby.service",
       "dev-disk\\x2dby.service"},
      {"only slices", "/system.slice", NULL},
      {"a mount", "/system.slice/tmp.mount", NULL},
      {"nothing before the dot", "/system.slice/.service", NULL},
      {"a word that goes on", "/a.services/b.scoped", NULL},
      {"no slash", "nginx.service", "nginx.service"},
      {"doubled slashes", "//system.slice//x.service//", "x.service"},
      {"the root", "/", NULL},
      {"empty", "", NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[64] = "as before";
    bool found = pm_unit_of(rows[i].path, got, sizeof got);
    check_true(rows[i].name, "found", found == (rows[i].want != NULL));
    check_text(rows[i].name, "unit", got,
               rows[i].want ? rows[i].want : "as before");
  }
  check_end();
}

/* A name that does not fit is passed over: cut, it would be another unit. */
static void units_that_do_not_fit(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t size;
    const char *want;
  } rows[] = {{"fits", 14, "inner.service"},
              {"one byte short", 13, "o.service"},
              {"neither fits", 9, NULL}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[14] = "";
    bool found = pm_unit_of("/o.service/inner.service", got, rows[i].size);
    check_true(rows[i].name, "found", found == (rows[i].want != NULL));
    check_text(rows[i].name, "unit", got, rows[i].want ? rows[i].want : "");
  }
  check_end();
}

static void numbered_units(void **state) {
  (void)state;
  static const struct {
    const char *unit, *want;
  } rows[] = {
      {"session-3.scope", "session.scope"},
      {"session-c12.scope", "session.scope"},
      {"vte-spawn-7c1e.scope", "vte-spawn.scope"},
      {"app-gnome-firefox-4711.scope", "app-gnome-firefox.scope"},
      {"app-firefox.scope", "app-firefox.scope"},
      {"app-x-.scope", "app-x-.scope"},
      {"run-r0123456789abcdef.scope", "run.scope"},
      {"run-u17.service", "run.service"},
      {"session.scope", "session.scope"},
      {"nginx.service", "nginx.service"},
      {"session-3.service", "session-3.service"},
      {"prerun-1.scope", "prerun-1.scope"},
      {"getty@tty1.service", "getty@tty1.service"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char unit[64];
    strcpy(unit, rows[i].unit);
    pm_unit_group(unit);
    check_text(rows[i].unit, "group", unit, rows[i].want);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units),
      cmocka_unit_test(units_that_do_not_fit),
      cmocka_unit_test(numbered_units),
  };
  return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
