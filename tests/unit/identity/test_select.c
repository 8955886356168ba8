/* Rules and GroupBy. */
#include "core/identity/select.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <string.h>

#define WORDS(...)                                                             \
  {                                                                            \
    .word = (char *[]){__VA_ARGS__},                                           \
    .count = sizeof(char *[]){__VA_ARGS__} / sizeof(char *)                    \
  }

static struct pm_rule_options rules[] = {
    {.name = (char[]){"web"},
     .names = WORDS("nginx", "php-fpm*"),
     .users = WORDS("www-data", "web")},
    {.name = (char[]){"shop"},
     .commands = WORDS("^/usr/bin/java .* -jar shop", "^shopd( |$)")},
    {.name = (char[]){"mail"}, .units = WORDS("postfix*", "dovecot.service")},
    {.name = (char[]){"pods"}, .cgroups = WORDS("/kubepods*")},
    {.name = (char[]){"again"}, .names = WORDS("nginx")},
    {.name = (char[]){"empty user"}, .users = WORDS("nobody")},
};

static struct pm_select *make(const struct pm_select_options *options) {
  struct pm_select *select = NULL;
  struct pm_err err = PM_ERR_INIT;
  if (pm_select_new(options, &select, &err) < 0)
    fail_msg("%s", err.text);
  return select;
}

struct facts {
  const char *program, *cmdline, *user, *cgroup;
};

static struct pm_choice choose(const struct pm_select *select,
                               const struct facts *f) {
  struct pm_facts facts = {
      .cmdline = f->cmdline, .user = f->user, .cgroup = f->cgroup};
  snprintf(facts.program, sizeof facts.program, "%s", f->program);
  struct pm_choice choice;
  memset(&choice, 0x5a, sizeof choice);
  pm_select_choose(select, &facts, &choice);
  return choice;
}

static void rules_match(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct facts facts;
    int want;
  } rows[] = {
      {"name and user", {"nginx", NULL, "www-data", NULL}, 0},
      {"the other of each", {"php-fpm8.2", NULL, "web", NULL}, 0},
      {"the user differs: a later rule", {"nginx", NULL, "root", NULL}, 4},
      {"the user is unknown: a later rule", {"nginx", NULL, NULL, NULL}, 4},
      {"only the user", {"apache2", NULL, "www-data", NULL}, -1},
      {"no glob ends early", {"nginx2", NULL, "www-data", NULL}, -1},
      {"a command",
       {"java", "/usr/bin/java -Xmx1g -jar shop.jar", NULL, NULL},
       1},
      {"the other command", {"shopd", "shopd --fast", NULL, NULL}, 1},
      {"a command that only begins so", {"x", "shopdaemon", NULL, NULL}, -1},
      {"the command is unknown", {"shopd", NULL, NULL, NULL}, -1},
      {"a unit", {"smtpd", NULL, NULL, "/system.slice/postfix@-.service"}, 2},
      {"the other unit",
       {"imap", NULL, NULL, "/system.slice/dovecot.service/imap"},
       2},
      {"no unit in the path", {"imap", NULL, NULL, "/dovecot"}, -1},
      {"the path", {"pause", NULL, NULL, "/kubepods/burstable/pod1"}, 3},
      {"the path is unknown", {"pause", NULL, NULL, NULL}, -1},
      {"first match wins",
       {"nginx", "shopd", "web", "/kubepods/postfix.service"},
       0},
      {"an empty user is not nobody", {"x", NULL, "", NULL}, -1},
  };
  struct pm_select_options o = {.rules = rules,
                                .rule_count = CHECK_COUNT(rules)};
  struct pm_select *select = make(&o);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_choice c = choose(select, &rows[i].facts);
    check_int(rows[i].name, "rule", c.rule, rows[i].want);
    check_text(rows[i].name, "key", c.key, "");
  }
  pm_select_free(select);
  check_end();
}

/* Even what matches everything does not match what is not known. */
static void unknown_matches_nothing(void **state) {
  (void)state;
  struct pm_rule_options greedy[] = {
      {.name = (char[]){"command"}, .commands = WORDS(".*")},
      {.name = (char[]){"user"}, .users = WORDS("")},
      {.name = (char[]){"unit"}, .units = WORDS("*")},
      {.name = (char[]){"cgroup"}, .cgroups = WORDS("*")},
  };
  static const struct facts nobody = {"x", NULL, NULL, NULL};
  static const struct facts known[] = {{"x", "", NULL, NULL},
                                       {"x", NULL, "", NULL},
                                       {"x", NULL, NULL, "/a.service"},
                                       {"x", NULL, NULL, ""}};
  struct pm_select_options o = {.rules = greedy,
                                .rule_count = CHECK_COUNT(greedy)};
  struct pm_select *select = make(&o);
  check_int("nothing known", "rule", choose(select, &nobody).rule, -1);
  for (size_t i = 0; i < CHECK_COUNT(known); i++)
    check_int(greedy[i].name, "rule", choose(select, &known[i]).rule, (int)i);
  pm_select_free(select);
  check_end();
}

static void group_by(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_group_by by[PM_BY_COUNT];
    size_t count;
    struct facts facts;
    enum pm_group_by want_by;
    const char *want;
  } rows[] = {
      {"none", {0}, 0, {"a", NULL, "u", "/x.service"}, PM_BY_NAME, ""},
      {"name", {PM_BY_NAME}, 1, {"a b", NULL, "u", NULL}, PM_BY_NAME, "a b"},
      {"name, empty",
       {PM_BY_NAME},
       1,
       {"", NULL, "u", NULL},
       PM_BY_NAME,
       "unnamed"},
      {"user", {PM_BY_USER}, 1, {"a", NULL, "u", NULL}, PM_BY_USER, "u"},
      {"user, unknown",
       {PM_BY_USER},
       1,
       {"a", NULL, NULL, NULL},
       PM_BY_NAME,
       ""},
      {"unit",
       {PM_BY_UNIT},
       1,
       {"a", NULL, "u", "/s/x.service"},
       PM_BY_UNIT,
       "x.service"},
      {"unit, none", {PM_BY_UNIT}, 1, {"a", NULL, "u", "/x"}, PM_BY_NAME, ""},
      {"unit, numbered",
       {PM_BY_UNIT},
       1,
       {"a", NULL, "u", "/user.slice/session-7.scope"},
       PM_BY_UNIT,
       "session.scope"},
      {"the first that applies",
       {PM_BY_UNIT, PM_BY_USER, PM_BY_NAME},
       3,
       {"a", NULL, "u", "/x.service"},
       PM_BY_UNIT,
       "x.service"},
      {"the second",
       {PM_BY_UNIT, PM_BY_USER, PM_BY_NAME},
       3,
       {"a", NULL, "u", "/"},
       PM_BY_USER,
       "u"},
      {"the third",
       {PM_BY_UNIT, PM_BY_USER, PM_BY_NAME},
       3,
       {"a", NULL, NULL, NULL},
       PM_BY_NAME,
       "a"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_select_options o = {.by_count = rows[i].count};
    memcpy(o.by, rows[i].by, sizeof o.by);
    struct pm_select *select = make(&o);
    struct pm_choice c = choose(select, &rows[i].facts);
    check_int(rows[i].name, "rule", c.rule, -1);
    check_int(rows[i].name, "by", c.by, rows[i].want_by);
    check_text(rows[i].name, "key", c.key, rows[i].want);
    pm_select_free(select);
  }
  check_end();
}

/* Reading what nobody asks for costs a system call and more a process. */
static void needs(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t first, count;
    enum pm_group_by by[PM_BY_COUNT];
    size_t by_count;
    struct pm_needs want;
  } rows[] = {
      {"nothing", 0, 0, {0}, 0, {false, false, false}},
      {"by name", 0, 0, {PM_BY_NAME}, 1, {false, false, false}},
      {"by unit", 0, 0, {PM_BY_UNIT}, 1, {false, false, true}},
      {"by user", 0, 0, {PM_BY_NAME, PM_BY_USER}, 2, {false, true, false}},
      {"User", 0, 1, {0}, 0, {false, true, false}},
      {"Command", 1, 1, {0}, 0, {true, false, false}},
      {"Unit", 2, 1, {0}, 0, {false, false, true}},
      {"Cgroup", 3, 1, {0}, 0, {false, false, true}},
      {"Name", 4, 1, {0}, 0, {false, false, false}},
      {"all of them", 0, 5, {PM_BY_NAME}, 1, {true, true, true}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_select_options o = {.rules = rules + rows[i].first,
                                  .rule_count = rows[i].count,
                                  .by_count = rows[i].by_count};
    memcpy(o.by, rows[i].by, sizeof o.by);
    struct pm_select *select = make(&o);
    struct pm_needs n = pm_select_needs(select);
    check_int(rows[i].name, "cmdline", n.cmdline, rows[i].want.cmdline);
    check_int(rows[i].name, "uid", n.uid, rows[i].want.uid);
    check_int(rows[i].name, "cgroup", n.cgroup, rows[i].want.cgroup);
    pm_select_free(select);
  }
  check_end();
}

static void interpreters(void **state) {
  (void)state;
  struct pm_select_options o = {.interpreters = WORDS("python*", "java")};
  struct pm_select *select = make(&o);
  const char *const *list = pm_select_interpreters(select);
  check_text("list", "first", list[0], "python*");
  check_text("list", "second", list[1], "java");
  check_text("list", "end", list[2], NULL);
  pm_select_free(select);
  check_end();
}

/* Who reads the message must find the line to mend. */
static void bad_expressions(void **state) {
  (void)state;
  static const char *const rows[] = {"(", "a{2", "[z", "*)("};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char bad[16];
    strcpy(bad, rows[i]);
    struct pm_rule_options two[] = {
        rules[1],
        {.name = (char[]){"broken"}, .commands = WORDS("^fine$", bad)}};
    struct pm_select_options o = {.rules = two, .rule_count = 2};
    struct pm_select *select = NULL;
    struct pm_err err = PM_ERR_INIT;
    check_int(bad, "status", pm_select_new(&o, &select, &err), -EINVAL);
    check_int(bad, "number", err.num, EINVAL);
    check_true(bad, "made nothing", select == NULL);
    check_true(bad, "names the expression", strstr(err.text, bad) != NULL);
  }
  check_end();
}

static void bad_expressions_of_a_group(void **state) {
  (void)state;
  struct pm_rule_options two[] = {
      rules[1], {.name = (char[]){"broken"}, .commands = WORDS("(")}};
  struct pm_select_options o = {.rules = two, .rule_count = 2};
  struct pm_select *select = NULL;
  struct pm_err err = PM_ERR_INIT;
  check_int("(", "status", pm_select_new(&o, &select, &err), -EINVAL);
  check_true("(", "names the group", strstr(err.text, "broken") != NULL);
  check_end();
}

static void expressions_checked(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int want;
  } rows[] = {{"^/usr/bin/java .*", 0},
              {"a|b", 0},
              {"a{2}", 0},
              {"[[:alpha:]]+", 0},
              {"(", -EINVAL},
              {"[", -EINVAL},
              {"a{2,1}", -EINVAL},
              {"[[:none:]]", -EINVAL}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_err err = PM_ERR_INIT;
    check_int(rows[i].text, "status", pm_select_check(rows[i].text, &err),
              rows[i].want);
    check_true(rows[i].text, "the text names it",
               rows[i].want == 0 || strstr(err.text, rows[i].text) != NULL);
    check_int(rows[i].text, "without a text",
              pm_select_check(rows[i].text, NULL), rows[i].want);
  }
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  struct pm_select_options o = {.rules = rules,
                                .rule_count = CHECK_COUNT(rules),
                                .interpreters = WORDS("java")};
  unsigned failures = 0;
  for (size_t nth = 1;; nth++) {
    char row[32];
    struct pm_select *select = NULL;
    struct pm_err err = PM_ERR_INIT;
    failing_alloc_fail_at(nth);
    int status = pm_select_new(&o, &select, &err);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    pm_select_free(select);
    if (!failed)
      break;
    snprintf(row, sizeof row, "allocation %zu fails", nth);
    check_int(row, "status", status, -ENOMEM);
    check_int(row, "number", err.num, ENOMEM);
    check_true(row, "made nothing", select == NULL);
    failures++;
  }
  check_u64("all", "failures: itself, rules, list, a rule each", failures,
            3 + CHECK_COUNT(rules));
  pm_select_free(NULL);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rules_match),
      cmocka_unit_test(unknown_matches_nothing),
      cmocka_unit_test(group_by),
      cmocka_unit_test(needs),
      cmocka_unit_test(interpreters),
      cmocka_unit_test(bad_expressions),
      cmocka_unit_test(bad_expressions_of_a_group),
      cmocka_unit_test(expressions_checked),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
