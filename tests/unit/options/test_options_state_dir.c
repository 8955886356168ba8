/* What StateDir comes to. */
#include "options/options.h"

#include "unit/options/read_text.h"
#include "unit/support/check.h"

static void paths(void **state) {
  (void)state;
  static const struct {
    const char *text, *path;
    int status;
  } rows[] = {
      {"StateDir \"none\"\n", NULL, 0},
      {"StateDir \"/srv/x\"\n", "/srv/x", 0},
      /* with these a link at its end would be followed */
      {"StateDir \"/srv/x/\"\n", "/srv/x", 0},
      {"StateDir \"/srv/x///\"\n", "/srv/x", 0},
      {"StateDir \"/\"\n", NULL, -1},
      {"StateDir \"///\"\n", NULL, -1},
      {"StateDir \"srv\"\n", NULL, -1},
      {"StateDir \"\"\n", NULL, -1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_options o;
    int status = read_text(rows[i].text, &o);
    check_int(rows[i].text, "valid", status < 0, rows[i].status < 0);
    if (status == 0)
      check_text(rows[i].text, "path", o.cycle.state_dir, rows[i].path);
    pm_options_done(&o);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
