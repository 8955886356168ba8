/* What <Control> and <Allow> come to.  What they refuse is scenario 36's. */
#include "options/options.h"

#include "unit/options/read_text.h"
#include "unit/support/check.h"

static void without(void **state) {
  (void)state;
  struct pm_options o;
  check_int("no block", "status", read_text("Top 5\n", &o), 0);
  check_int("no block", "enabled", o.control.enabled, false);
  check_int("no block", "snapshots", o.cycle.control, false);
  pm_options_done(&o);
  check_end();
}

static void empty(void **state) {
  (void)state;
  struct pm_options o;
  check_int("empty", "status", read_text("<Control>\n</Control>\n", &o), 0);
  check_int("empty", "enabled", o.control.enabled, true);
  check_int("empty", "snapshots", o.cycle.control, true);
  check_text("empty", "socket", o.control.socket, NULL);
  check_text("empty", "group", o.control.group, NULL);
  check_int("empty", "perms", o.control.perms, 0660);
  check_u64("empty", "rules", o.control.allow.count, 0);
  pm_options_done(&o);
  check_end();
}

static void whole(void **state) {
  (void)state;
  struct pm_options o;
  static const char text[] = "<Control>\n"
                             "Socket \"/run/x/y\"\n"
                             "SocketGroup \"root\"\n"
                             "SocketPerms \"640\"\n"
                             "<Allow>\n"
                             "User \"root\" 1001\n"
                             "User \"1002\"\n"
                             "UnixGroup 7 \"root\"\n"
                             "Method \"kill_process\"\n"
                             "RunAs 1003 \"root\"\n"
                             "MaxJobs 7\n"
                             "MaxLogBytes \"1M\"\n"
                             "Sandboxed true\n"
                             "</Allow>\n"
                             "</Control>\n";
  assert_int_equal(read_text(text, &o), 0);
  check_text("whole", "socket", o.control.socket, "/run/x/y");
  check_text("whole", "group", o.control.group, "root");
  check_int("whole", "perms", o.control.perms, 0640);
  assert_int_equal(o.control.allow.count, 1);
  const struct pm_allow_rule *rule = o.control.allow.rules;
  static const uint32_t users[] = {0, 1001, 1002}, groups[] = {7, 0},
                        run_as[] = {1003, 0};
  assert_int_equal(rule->user_count, 3);
  assert_int_equal(rule->group_count, 2);
  assert_int_equal(rule->run_as_count, 2);
  check_bytes("whole", "users", rule->users, users, sizeof users);
  check_bytes("whole", "groups", rule->groups, groups, sizeof groups);
  check_bytes("whole", "run as", rule->run_as, run_as, sizeof run_as);
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    check_int(pm_methods[i].name, "permitted", rule->method[i],
              i == PM_METHOD_kill_process);
  check_int("whole", "as self", rule->as_self, false);
  check_int("whole", "sandboxed", rule->sandboxed, true);
  check_u64("whole", "jobs", rule->jobs, 7);
  check_u64("whole", "bytes of a log", rule->log_bytes, 1 << 20);
  pm_options_done(&o);
  check_end();
}

static void as_whom(void **state) {
  (void)state;
  static const struct {
    const char *name, *line;
    bool self;
    size_t others;
  } rows[] = {
      {"nothing said", "", true, 0},
      {"self", "RunAs \"self\"\n", true, 0},
      {"another", "RunAs \"root\"\n", false, 1},
      {"both", "RunAs \"self\" \"root\"\n", true, 1},
      {"both, on two lines", "RunAs \"root\"\nRunAs \"self\"\n", true, 1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[256];
    struct pm_options o;
    snprintf(text, sizeof text,
             "<Control>\n<Allow>\nUser 1\nMethod \"kill_process\"\n%s</Allow>\n"
             "</Control>\n",
             rows[i].line);
    assert_int_equal(read_text(text, &o), 0);
    const struct pm_allow_rule *rule = o.control.allow.rules;
    check_int(rows[i].name, "as self", rule->as_self, rows[i].self);
    check_u64(rows[i].name, "others", rule->run_as_count, rows[i].others);
    check_int(rows[i].name, "sandboxed", rule->sandboxed, false);
    pm_options_done(&o);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without),
      cmocka_unit_test(empty),
      cmocka_unit_test(whole),
      cmocka_unit_test(as_whom),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
