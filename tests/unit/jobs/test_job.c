/* What is said of a job: its state, its name, and what to do with one that is
 * found. */
#include "jobs/job.h"

#include "base/buf.h"
#include "unit/support/check.h"

#include <string.h>

static void states(void **state) {
  (void)state;
  static const struct {
    uint32_t state, wants;
    bool lost;
    const char *word;
    bool ended, over, removed;
  } rows[] = {
      {PM_JOB_NEW, 0, false, "starting", false, false, false},
      {PM_JOB_STARTING, 0, false, "starting", false, false, false},
      {PM_JOB_RUNNING, 0, false, "running", false, false, false},
      {PM_JOB_STOPPING, 0, false, "stopping", false, false, false},
      {PM_JOB_KILLING, 0, false, "stopping", false, false, false},
      {PM_JOB_BACKING_OFF, 0, false, "backing_off", false, false, false},
      {PM_JOB_DRAINING, 0, false, "draining", true, false, false},
      {PM_JOB_EXITED, 0, false, "exited", true, true, false},
      {PM_JOB_STOPPING, PM_JOB_WANTS_REMOVAL, false, "stopping", false, false,
       false},
      {PM_JOB_DRAINING, PM_JOB_WANTS_REMOVAL, false, "draining", true, false,
       true},
      {PM_JOB_EXITED, PM_JOB_WANTS_REMOVAL, false, "exited", true, true, true},
      {PM_JOB_RUNNING, 0, true, "lost_by_reboot", true, true, false},
      /* no holder says so, but its user may make it */
      {4711, 0, false, "unknown", true, false, false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_job job = {.lost = rows[i].lost};
    job.state.state = rows[i].state;
    job.state.wants = rows[i].wants;
    check_text(rows[i].word, "word", pm_job_state_word(&job), rows[i].word);
    check_int(rows[i].word, "ended", pm_job_has_ended(&job), rows[i].ended);
    check_int(rows[i].word, "over", pm_job_is_over(&job), rows[i].over);
    check_int(rows[i].word, "removed", pm_job_is_removed(&job),
              rows[i].removed);
  }
  check_end();
}

static void findings(void **state) {
  (void)state;
  static const uint8_t boot[PM_JOB_BOOT_ID] = "this boot",
                       other[PM_JOB_BOOT_ID] = "another";
  static const struct {
    const char *name;
    const uint8_t *boot;
    uint16_t kind;
    uint32_t state;
    enum pm_job_finding want;
  } rows[] = {
      {"never held", other, 0, PM_JOB_NEW, PM_JOB_HELD},
      {"running", boot, PM_JOB_STATE, PM_JOB_RUNNING, PM_JOB_HELD},
      {"draining", boot, PM_JOB_STATE, PM_JOB_DRAINING, PM_JOB_HELD},
      {"exited", boot, PM_JOB_STATE, PM_JOB_EXITED, PM_JOB_OVER},
      {"running, then", other, PM_JOB_STATE, PM_JOB_RUNNING, PM_JOB_LOST},
      {"backing off, then", other, PM_JOB_STATE, PM_JOB_BACKING_OFF,
       PM_JOB_LOST},
      {"exited, then", other, PM_JOB_STATE, PM_JOB_EXITED, PM_JOB_OVER},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_job job = {.name = "a"};
    job.state.head.kind = rows[i].kind;
    job.state.state = rows[i].state;
    memcpy(job.state.boot_id, rows[i].boot, sizeof job.state.boot_id);
    check_int(rows[i].name, "finding", pm_job_find(&job, boot), rows[i].want);
  }
  check_end();
}

#define TEXT_16 "0123456789abcdef"
#define TEXT_64 TEXT_16 TEXT_16 TEXT_16 TEXT_16

static void names(void **state) {
  (void)state;
  static const struct {
    const char *command;
    unsigned number;
    const char *want;
  } rows[] = {
      {"sleep", 1, "sleep"},
      {"sleep", 2, "sleep-2"},
      {"/usr/bin/python3.11", 1, "python3.11"},
      {"/usr/bin/", 1, "p"},
      {"", 1, "p"},
      {"/opt/7", 1, "p7"},
      {"/opt/7", 12, "p7-12"},
      {"a b\n$(c)", 1, "a_b___c_"},
      {"-rm", 1, "p-rm"},
      {"/usr/bin/[", 1, "_"},
      {"..", 1, "p.."},
      {TEXT_64, 1, TEXT_16 TEXT_16 TEXT_16 "0123"},
      {TEXT_64, 1000, TEXT_16 TEXT_16 TEXT_16 "0123-1000"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char name[PM_JOB_NAME_MOST + 1];
    pm_job_name_of(rows[i].command, rows[i].number, name);
    check_text(rows[i].command, "name", name, rows[i].want);
    check_true(rows[i].command, "is one", pm_job_is_name(name));
  }
  static const char *const none[] = {"",    "1",        "123",      "a b",
                                     "a/b", "-a",       ".",        "@",
                                     "a\n", "\xc3\xa9", TEXT_64 "x"};
  for (size_t i = 0; i < CHECK_COUNT(none); i++)
    check_true(none[i], "is none", !pm_job_is_name(none[i]));
  check_true(TEXT_64, "is one", pm_job_is_name(TEXT_64));
  check_end();
}

/* As pm_job_is_id has it. */
static void check_id(const char *name, uint64_t random) {
  static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
  char id[PM_JOB_ID_MOST + 1];
  pm_job_id_of(name, random, id);
  size_t length = strlen(id);
  check_true(name, "is short", length <= PM_JOB_ID_MOST);
  check_u64(id, "characters", strspn(id, characters), length);
  check_true(id, "is no number", strspn(id, "0123456789") < length);
}

static void ids(void **state) {
  (void)state;
  static const char *const of[] = {"sleep", "A.b@c+d_e", "7x", TEXT_64, "-"};
  char a[PM_JOB_ID_MOST + 1], b[PM_JOB_ID_MOST + 1];
  for (size_t i = 0; i < CHECK_COUNT(of); i++) {
    check_id(of[i], 0);
    check_id(of[i], UINT64_MAX);
  }
  pm_job_id_of("a", 1, a);
  pm_job_id_of("a", 2, b);
  check_true("two", "differ", strcmp(a, b) != 0);
  pm_job_id_of("a", UINT64_C(1) << 54, b);
  check_true("the highest bit", "counts", strncmp(a, b, 12) != 0);
  check_end();
}

static void specs(void **state) {
  (void)state;
  struct pm_buf record = PM_BUF_INIT(0);
  static char long_arg[1000];
  memset(long_arg, 'x', sizeof long_arg - 1);
  char *const args[] = {"sh", "-c", "a b", "", long_arg};
  struct pm_job_spec s = {
      .fields = {.uid = 7,
                 .gid = 8,
                 .starter_uid = 9,
                 .arg_count = 5,
                 .policy = PM_JOB_ALWAYS},
      .text = {"an-id", "a.name", "daemon", "/", "/log", "", "a key"},
  };
  check_int("spec", "written", pm_job_spec_write(&s, args, NULL, &record), 0);
  check_int("spec", "read", pm_job_spec_read(record.data, record.length, &s),
            0);
  struct pm_job job;
  memset(&job, 0xff, sizeof job);
  pm_job_take_spec(&job, &s);
  check_text("job", "id", job.id, "an-id");
  check_text("job", "name", job.name, "a.name");
  check_text("job", "user", job.user, "daemon");
  check_text("job", "key", job.key, "a key");
  check_u64("job", "uid", job.uid, 7);
  check_u64("job", "gid", job.gid, 8);
  check_u64("job", "starter", job.starter_uid, 9);
  check_text("job", "policy", pm_job_policy_word(job.policy), "always");
  check_u64("job", "command", strlen(job.command), PM_JOB_COMMAND - 1);
  check_int("job", "begins", strncmp(job.command, "sh -c a b  xxx", 14), 0);
  check_int("job", "state", job.state.head.kind, 0);
  pm_buf_done(&record);
  check_end();
}

static void words(void **state) {
  (void)state;
  check_text("policy", "no", pm_job_policy_word(PM_JOB_NEVER), "no");
  check_text("policy", "unknown", pm_job_policy_word(99), NULL);
  check_text("stage", "exec", pm_job_stage_word(PM_JOB_STAGE_EXEC), "exec");
  check_text("stage", "unknown", pm_job_stage_word(99), NULL);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(states), cmocka_unit_test(findings),
      cmocka_unit_test(names),  cmocka_unit_test(ids),
      cmocka_unit_test(specs),  cmocka_unit_test(words),
  };
  return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
