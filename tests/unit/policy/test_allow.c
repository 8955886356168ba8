/* Who may do what: every method, from everywhere, under every rule. */
#include "policy/allow.h"

#include "unit/support/check.h"

#include <linux/capability.h>
#include <string.h>

enum { OWNER = 1000, OTHER = 1001, WWW = 33, STAFF = 50, OPS = 60 };

static uint32_t owner[] = {OWNER}, ops[] = {7, OPS}, as_www[] = {WWW},
                root[] = {0};
static const uint32_t in_ops[] = {STAFF, OPS}, in_staff[] = {STAFF};

static const struct {
  const char *name;
  struct pm_subject is;
} subjects[] = {
    {"owner", {OWNER, OWNER, NULL, 0, false, false}},
    {"other", {OTHER, OTHER, in_staff, 1, false, false}},
    {"member", {OTHER, OTHER, in_ops, 2, false, false}},
    {"member by gid", {OTHER, OPS, NULL, 0, false, false}},
    {"root", {0, 0, NULL, 0, false, true}},
    {"owner, sandboxed", {OWNER, OWNER, NULL, 0, true, false}},
    {"other, sandboxed", {OTHER, OTHER, in_staff, 1, true, false}},
    {"member, sandboxed", {OTHER, OTHER, in_ops, 2, true, false}},
};
enum { SUBJECTS = CHECK_COUNT(subjects) };

#define USER(list) .users = (list), .user_count = CHECK_COUNT(list)
#define GROUP(list) .groups = (list), .group_count = CHECK_COUNT(list)
#define RUN_AS(list) .run_as = (list), .run_as_count = CHECK_COUNT(list)
#define KILL .method = {[PM_METHOD_kill_process] = true}

/* verdicts of kill_process by subject: y, n, s */
static const struct {
  const char *name;
  struct pm_allow_rule rules[2];
  size_t count;
  const char *call, *as_self, *as_www, *as_root;
} rules[] = {
    {"none", {{0}}, 0, "yyyyysss", "yyyyynnn", "nnnnnnnn", "nnnnynnn"},
    {"the owner",
     {{USER(owner), KILL, .as_self = true}},
     1,
     "yyyyysss",
     "yyyyynnn",
     "nnnnnnnn",
     "nnnnynnn"},
    {"the owner, sandboxed",
     {{USER(owner), KILL, .as_self = true, .sandboxed = true}},
     1,
     "yyyyyyss",
     "yyyyyynn",
     "nnnnnnnn",
     "nnnnynnn"},
    {"a group as www",
     {{GROUP(ops), KILL, RUN_AS(as_www)}},
     1,
     "yyyyysss",
     "yyyyynnn",
     "nnyynnnn",
     "nnnnynnn"},
    {"a group as www, sandboxed",
     {{GROUP(ops), KILL, RUN_AS(as_www), .sandboxed = true}},
     1,
     "yyyyyssy",
     "yyyyynnn",
     "nnyynnny",
     "nnnnynnn"},
    {"another method",
     {{USER(owner), RUN_AS(as_www), .sandboxed = true, .as_self = true}},
     1,
     "yyyyysss",
     "yyyyynnn",
     "nnnnnnnn",
     "nnnnynnn"},
    {"the owner as root",
     {{USER(owner), KILL, RUN_AS(root)}},
     1,
     "yyyyysss",
     "yyyyynnn",
     "nnnnnnnn",
     "ynnnynnn"},
    {"nobody",
     {{KILL, RUN_AS(as_www), .as_self = true, .sandboxed = true}},
     1,
     "yyyyysss",
     "yyyyynnn",
     "nnnnnnnn",
     "nnnnynnn"},
    {"the second",
     {{USER(root), KILL, .as_self = true, .sandboxed = true},
      {USER(owner), GROUP(ops), KILL, RUN_AS(as_www), .as_self = true,
       .sandboxed = true}},
     2,
     "yyyyyysy",
     "yyyyyyny",
     "ynyynyny",
     "nnnnynnn"},
    {"what one rule grants, another does not",
     {{USER(owner), KILL, .sandboxed = true},
      {USER(owner), KILL, RUN_AS(as_www), .as_self = true}},
     2,
     "yyyyyyss",
     "yyyyynnn",
     "ynnnnnnn",
     "nnnnynnn"},
};

static char letter(enum pm_verdict v) {
  return v == PM_ALLOW_YES ? 'y' : v == PM_ALLOW_NO ? 'n' : 's';
}

static void options_of(size_t rule, struct pm_allow_options *ret) {
  *ret = (struct pm_allow_options){
      (struct pm_allow_rule *)(uintptr_t)rules[rule].rules, rules[rule].count};
}

static void acting(void **state) {
  (void)state;
  for (size_t r = 0; r < CHECK_COUNT(rules); r++) {
    char call[SUBJECTS + 1] = "", self[SUBJECTS + 1] = "",
                         www[SUBJECTS + 1] = "", super[SUBJECTS + 1] = "";
    struct pm_allow_options o;
    options_of(r, &o);
    for (size_t i = 0; i < SUBJECTS; i++) {
      const struct pm_subject *s = &subjects[i].is;
      enum pm_method_id kill = PM_METHOD_kill_process;
      call[i] = letter(pm_allow_call(&o, s, kill));
      self[i] = pm_allow_as(&o, s, kill, s->uid) ? 'y' : 'n';
      www[i] = pm_allow_as(&o, s, kill, WWW) ? 'y' : 'n';
      super[i] = pm_allow_as(&o, s, kill, 0) ? 'y' : 'n';
    }
    check_text(rules[r].name, "call", call, rules[r].call);
    check_text(rules[r].name, "as himself", self, rules[r].as_self);
    check_text(rules[r].name, "as www", www, rules[r].as_www);
    check_text(rules[r].name, "as root", super, rules[r].as_root);
  }
  check_end();
}

/* Reading is everybody's, also from a sandbox; a method that acts and is none
 * of those that everybody has would be refused. */
static void reading(void **state) {
  (void)state;
  for (size_t r = 0; r < CHECK_COUNT(rules); r++)
    for (size_t i = 0; i < SUBJECTS; i++)
      for (size_t m = 0; m < PM_METHOD_COUNT; m++) {
        struct pm_allow_options o;
        options_of(r, &o);
        if (pm_methods[m].level != PM_LEVEL_ACT)
          check_int(subjects[i].name, pm_methods[m].name,
                    pm_allow_call(&o, &subjects[i].is, (enum pm_method_id)m),
                    PM_ALLOW_YES);
        else
          check_true(
              pm_methods[m].name, "acts",
              m == PM_METHOD_kill_process || m == PM_METHOD_get_logs ||
                  m == PM_METHOD_start_process || m == PM_METHOD_stop_job ||
                  m == PM_METHOD_restart_job || m == PM_METHOD_remove_job);
      }
  check_end();
}

/* ---- starting, and jobs ---- */

/* verdicts of start_process without a rule: root's, and collectd's own user's
 */
static void starting(void **state) {
  (void)state;
  static const char *const calls = "nnnnynnn", *const as_self = "nnnnynnn",
                           *const granted = "ynnnysnn";
  struct pm_allow_rule rule = {USER(owner), .as_self = true,
                               .method = {[PM_METHOD_start_process] = true}};
  struct pm_allow_options none = {NULL, 0}, one = {&rule, 1};
  for (size_t i = 0; i < SUBJECTS; i++) {
    const struct pm_subject *s = &subjects[i].is;
    static const char words[] = {
        [PM_ALLOW_YES] = 'y', [PM_ALLOW_NO] = 'n', [PM_ALLOW_SANDBOX] = 's'};
    check_int(subjects[i].name, "call",
              words[pm_allow_call(&none, s, PM_METHOD_start_process)],
              calls[i]);
    check_int(subjects[i].name, "as itself",
              pm_allow_as(&none, s, PM_METHOD_start_process, s->uid),
              as_self[i] == 'y');
    check_int(subjects[i].name, "granted",
              words[pm_allow_call(&one, s, PM_METHOD_start_process)],
              granted[i]);
  }
  check_end();
}

/* How many jobs, and how much of each log: of several grants the most generous,
 * and one that says nothing is as for everybody. */
static void limits(void **state) {
  (void)state;
#define START .method = { [PM_METHOD_start_process] = true }
  static uint32_t users[] = {1000, 1001};
  static const struct {
    const char *name;
    struct pm_allow_rule rules[2];
    struct pm_subject s;
    uint32_t jobs;
    uint64_t bytes;
  } rows[] = {
      {"none", {{0}}, {.uid = 1000}, 6, 64},
      {"one",
       {{users, .user_count = 1, .jobs = 5, START}},
       {.uid = 1000},
       5,
       64},
      {"another's",
       {{users, .user_count = 1, .jobs = 5, START}},
       {.uid = 1001},
       6,
       64},
      {"the higher one",
       {{users, .user_count = 2, .jobs = 5, .log_bytes = 9, START},
        {users, .user_count = 1, .jobs = 7, .log_bytes = 8, START}},
       {.uid = 1000},
       7,
       9},
      {"one says nothing",
       {{users, .user_count = 2, .jobs = 5, .log_bytes = 9, START},
        {users, .user_count = 1, .log_bytes = 8, START}},
       {.uid = 1000},
       6,
       9},
      {"one gives more, one says nothing",
       {{users, .user_count = 1, .jobs = 7, .log_bytes = 99, START},
        {users, .user_count = 2, START}},
       {.uid = 1000},
       7,
       99},
      {"of another method",
       {{users, .user_count = 2, .jobs = 5, START},
        {users, .user_count = 1, .jobs = 7,
         .method = {[PM_METHOD_kill_process] = true}}},
       {.uid = 1000},
       5,
       64},
      {"from a sandbox",
       {{users, .user_count = 2, .jobs = 5, .sandboxed = true, START},
        {users, .user_count = 1, .jobs = 7, START}},
       {.uid = 1000, .sandboxed = true},
       5,
       64},
      {"root's",
       {{users, .user_count = 2, .jobs = 5, START}},
       {.uid = 1000, .admin = true},
       6,
       64},
  };
#undef START
  const struct pm_allow_limits usual = {.jobs = 6, .log_bytes = 64};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_allow_options o = {
        (struct pm_allow_rule *)(uintptr_t)rows[i].rules, 2};
    struct pm_allow_limits l = pm_allow_limits(&o, &rows[i].s, usual);
    check_u64(rows[i].name, "jobs", l.jobs, rows[i].jobs);
    check_u64(rows[i].name, "bytes", l.log_bytes, rows[i].bytes);
  }
  check_end();
}

/* A job that `starter` started and that runs as `uid`: who sees it, and who may
 * stop it. */
static const struct {
  const char *name;
  uint32_t starter, uid;
  size_t rule; /* of `job_rules` */
  const char *sees, *stops;
} jobs[] = {
    {"his own", OWNER, OWNER, 0, "ynnnyynn", "ynnnynnn"},
    {"started by root for him", 0, OWNER, 0, "ynnnyynn", "ynnnynnn"},
    {"root's", 0, 0, 0, "nnnnynnn", "nnnnynnn"},
    {"his, as www", OWNER, WWW, 0, "ynnnyynn", "ynnnynnn"},
    {"root's, as www, granted", 0, WWW, 1, "nnyyynny", "nnyyynnn"},
    {"the same, sandboxed", 0, WWW, 2, "nnyyynny", "nnyyynny"},
    {"as www, another method", 0, WWW, 3, "nnyyynny", "nnnnynnn"},
    {"his, a grant as www", OWNER, OWNER, 1, "ynnnyynn", "ynnnynnn"},
};

static void of_jobs(void **state) {
  (void)state;
  struct pm_allow_rule job_rules[] = {
      {.method = {false}},
      {GROUP(ops), RUN_AS(as_www), .method = {[PM_METHOD_stop_job] = true}},
      {GROUP(ops), RUN_AS(as_www), .sandboxed = true,
       .method = {[PM_METHOD_stop_job] = true}},
      {GROUP(ops), RUN_AS(as_www), .method = {[PM_METHOD_get_logs] = true}},
  };
  for (size_t i = 0; i < CHECK_COUNT(jobs); i++)
    for (size_t k = 0; k < SUBJECTS; k++) {
      char row[128];
      struct pm_allow_options o = {&job_rules[jobs[i].rule], 1};
      struct pm_job_owners owners = {jobs[i].starter, jobs[i].uid};
      snprintf(row, sizeof row, "%s, %s", jobs[i].name, subjects[k].name);
      check_int(row, "sees", pm_allow_see_job(&o, &subjects[k].is, &owners),
                jobs[i].sees[k] == 'y');
      check_int(row, "waits",
                pm_allow_job(&o, &subjects[k].is, PM_METHOD_wait_job, &owners),
                jobs[i].sees[k] == 'y');
      check_int(row, "stops",
                pm_allow_job(&o, &subjects[k].is, PM_METHOD_stop_job, &owners),
                jobs[i].stops[k] == 'y');
    }
  check_end();
}

/* ---- seeing ---- */

#define ALL(id)                                                                \
  { id, id, id, id }

static void private(void **state) {
  (void)state;
  const uint64_t ptrace = UINT64_C(1) << CAP_SYS_PTRACE, kill = 1 << CAP_KILL,
                 chown = 1 << CAP_CHOWN;
  const struct {
    const char *name;
    struct pm_viewer v;
    struct pm_target t;
    bool sees;
  } rows[] = {
      {"his own", {5, 6, 0}, {ALL(5), ALL(6), 5, 0}, true},
      {"another's", {5, 6, 0}, {ALL(7), ALL(6), 7, 0}, false},
      {"real uid", {5, 6, 0}, {{7, 5, 5, 5}, ALL(6), 5, 0}, false},
      {"effective uid", {5, 6, 0}, {{5, 7, 5, 5}, ALL(6), 5, 0}, false},
      {"saved uid", {5, 6, 0}, {{5, 5, 7, 5}, ALL(6), 5, 0}, false},
      {"uid of file systems", {5, 6, 0}, {{5, 5, 5, 7}, ALL(6), 5, 0}, false},
      {"real gid", {5, 6, 0}, {ALL(5), {7, 6, 6, 6}, 5, 0}, false},
      {"effective gid", {5, 6, 0}, {ALL(5), {6, 7, 6, 6}, 5, 0}, false},
      {"saved gid", {5, 6, 0}, {ALL(5), {6, 6, 7, 6}, 5, 0}, false},
      {"gid of file systems", {5, 6, 0}, {ALL(5), {6, 6, 6, 7}, 5, 0}, false},
      {"not dumpable", {5, 6, 0}, {ALL(5), ALL(6), 0, 0}, false},
      {"more capable", {5, 6, 0}, {ALL(5), ALL(6), 5, kill}, false},
      {"as capable", {5, 6, kill}, {ALL(5), ALL(6), 5, kill}, true},
      {"less capable", {5, 6, kill | chown}, {ALL(5), ALL(6), 5, kill}, true},
      {"other capabilities", {5, 6, chown}, {ALL(5), ALL(6), 5, kill}, false},
      {"CAP_SYS_PTRACE", {5, 6, ptrace}, {ALL(7), ALL(8), 0, kill}, true},
      {"root without it", {0, 0, kill}, {ALL(7), ALL(8), 7, 0}, false},
      {"root, root's", {0, 0, kill}, {ALL(0), ALL(0), 0, kill}, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_int(rows[i].name, "sees", pm_allow_private(&rows[i].v, &rows[i].t),
              rows[i].sees);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(acting),   cmocka_unit_test(reading),
      cmocka_unit_test(starting), cmocka_unit_test(of_jobs),
      cmocka_unit_test(private),  cmocka_unit_test(limits),
  };
  return cmocka_run_group_tests_name("allow", tests, NULL, NULL);
}
