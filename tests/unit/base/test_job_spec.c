/* What a job is, as a record: all of it comes back, and nothing else is taken
 * for one. */
#include "base/job_spec.h"

#include "base/buf.h"

#include "unit/support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *const args[] = {"/bin/echo", "", "two words", NULL};
static char *const env[] = {"PATH=/bin", "EMPTY=", NULL};
static struct pm_job_limit limits[] = {{.resource = 7, .soft = 10, .hard = 20}};
static uint32_t groups[] = {27, 4, 1000};

static struct pm_job_spec make(void) {
  return (struct pm_job_spec){
      .fields = {.uid = 1000,
                 .gid = 100,
                 .starter_uid = 0,
                 .flags = PM_JOB_MERGE_STDERR,
                 .mask = 027,
                 .nice = -5,
                 .oom_score_adj = -1000,
                 .policy = PM_JOB_ALWAYS,
                 .backoff_ns = 5,
                 .log_bytes = UINT64_MAX,
                 .on_full = PM_JOB_DROP_NEW,
                 .limit_count = 1,
                 .group_count = 3,
                 .arg_count = 3,
                 .env_count = 2,
                 .memory_max_bytes = 1 << 20,
                 .cpu_max_percent = 150,
                 .pids_max = 9},
      .limits = limits,
      .groups = groups,
      .text = {"job-1", "a name", "user", "/", "/var/log/procman/1000/job-1",
               "", "key"},
  };
}

static void check_texts(const char *row, const char *at, char *const want[]) {
  for (size_t i = 0; want[i]; i++, at = pm_job_text_next(at))
    check_text(row, "text", at, want[i]);
}

static void comes_back(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(0);
  struct pm_job_spec s = make(), got;
  check_int("written", "status", pm_job_spec_write(&s, args, env, &buf), 0);
  check_int("read", "status", pm_job_spec_read(buf.data, buf.length, &got), 0);
  size_t head = sizeof s.fields.head;
  check_bytes("fields", "bytes", (char *)&got.fields + head,
              (char *)&s.fields + head, sizeof s.fields - head);
  check_bytes("limits", "bytes", got.limits, limits, sizeof limits);
  check_bytes("groups", "bytes", got.groups, groups, sizeof groups);
  for (size_t i = 0; i < PM_JOB_TEXTS; i++)
    check_text("texts", "text", got.text[i], s.text[i]);
  check_texts("args", got.args, args);
  check_texts("env", got.env, env);
  pm_buf_done(&buf);
  check_end();
}

static void damaged(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(0);
  struct pm_job_spec s = make(), got;
  size_t missed = 0;
  pm_job_spec_write(&s, args, env, &buf);
  for (size_t i = 0; i < buf.length; i++) {
    buf.data[i] ^= 0x55;
    missed += pm_job_spec_read(buf.data, buf.length, &got) == 0;
    buf.data[i] ^= 0x55;
  }
  check_u64("each byte", "missed", missed, 0);
  for (size_t n = missed = 0; n < buf.length; n++)
    missed += pm_job_spec_read(buf.data, n, &got) == 0;
  check_u64("each length", "missed", missed, 0);
  pm_buf_done(&buf);
  check_end();
}

/* With a checksum that fits: lengths that lead outside, of whoever wrote it. */
static void lies(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(0);
  struct pm_job_spec s = make(), got;
  pm_job_spec_write(&s, args, env, &buf);
  size_t taken = 0;
  for (size_t i = sizeof(struct pm_job_head); i < buf.length; i++) {
    char *copy = malloc(buf.length);
    memcpy(copy, buf.data, buf.length);
    copy[i] = (char)0xff;
    pm_job_seal(copy, PM_JOB_SPEC, buf.length);
    taken += pm_job_spec_read(copy, buf.length, &got) == 0;
    free(copy);
  }
  check_true("some numbers may be anything", "taken", taken > 0);
  for (size_t n = taken = 0; n < buf.length; n++) {
    char *copy = malloc(n + 1);
    memcpy(copy, buf.data, n);
    if (n >= sizeof(struct pm_job_head))
      pm_job_seal(copy, PM_JOB_SPEC, n);
    taken += pm_job_spec_read(copy, n, &got) == 0;
    free(copy);
  }
  check_u64("cut", "taken", taken, 0);
  char *inside = memmem(buf.data, buf.length, "two words", 9);
  inside[3] = '\0';
  pm_job_seal(buf.data, PM_JOB_SPEC, buf.length);
  check_int("a NUL in a text", "status",
            pm_job_spec_read(buf.data, buf.length, &got), -EINVAL);
  inside[3] = ' ';
  pm_buf_add(&buf, "", 1);
  pm_job_seal(buf.data, PM_JOB_SPEC, buf.length);
  check_int("a byte more", "status",
            pm_job_spec_read(buf.data, buf.length, &got), -EINVAL);
  pm_buf_done(&buf);
  check_end();
}

enum field {
  UID,
  GID,
  FLAGS,
  MASK,
  NICE,
  OOM,
  STDIN,
  POLICY,
  FULL,
  ARGS,
  LIMITS,
  LOG,
  ID,
  CPU
};

static void set(struct pm_job_spec *s, enum field field) {
  struct pm_job_fields *f = &s->fields;
  switch (field) {
  case UID:
    f->uid = UINT32_MAX;
    break;
  case GID:
    f->gid = UINT32_MAX;
    break;
  case FLAGS:
    f->flags = 64;
    break;
  case MASK:
    f->mask = 01000;
    break;
  case NICE:
    f->nice = 20;
    break;
  case OOM:
    f->oom_score_adj = 1001;
    break;
  case STDIN:
    f->stdin_mode = 9;
    break;
  case POLICY:
    f->policy = 9;
    break;
  case FULL:
    f->on_full = 9;
    break;
  case ARGS:
    f->arg_count = 0;
    break;
  case LIMITS:
    f->limit_count = PM_JOB_LIMITS + 1;
    break;
  case LOG:
    s->text[PM_JOB_LOG_DIR] = "relative";
    break;
  case CPU:
    f->cpu_max_percent = PM_JOB_CPU_MOST + 1;
    break;
  case ID:
    s->text[PM_JOB_ID] = "";
    break;
  }
}

static void refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum field field;
    int want;
  } rows[] = {
      {"uid", UID, -EINVAL},      {"gid", GID, -EINVAL},
      {"flags", FLAGS, -EINVAL},  {"umask", MASK, -EINVAL},
      {"nice", NICE, -EINVAL},    {"oom_score_adj", OOM, -EINVAL},
      {"stdin", STDIN, -EINVAL},  {"policy", POLICY, -EINVAL},
      {"on_full", FULL, -EINVAL}, {"no command", ARGS, -EINVAL},
      {"limits", LIMITS, -E2BIG}, {"log", LOG, -EINVAL},
      {"no id", ID, -EINVAL},     {"cpu", CPU, -EINVAL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_buf buf = PM_BUF_INIT(0);
    struct pm_job_spec s = make();
    set(&s, rows[i].field);
    check_int(rows[i].name, "status", pm_job_spec_write(&s, args, env, &buf),
              rows[i].want);
    check_u64(rows[i].name, "written", buf.length, 0);
    pm_buf_done(&buf);
  }
  check_end();
}

static void too_large(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(0);
  struct pm_job_spec s = make();
  char *huge = malloc(PM_JOB_SPEC_MOST + 1);
  memset(huge, 'x', PM_JOB_SPEC_MOST);
  huge[PM_JOB_SPEC_MOST] = '\0';
  char *const command[] = {huge, huge, huge};
  check_int("a huge argument", "status",
            pm_job_spec_write(&s, command, env, &buf), -E2BIG);
  pm_buf_done(&buf);
  free(huge);
  check_end();
}

static void groups_needed(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct pm_job_fields fields;
    bool want;
  } rows[] = {
      {"none", {.uid = 1, .limit_count = 1}, false},
      {"memory", {.memory_max_bytes = 1}, true},
      {"cpu", {.cpu_max_percent = 1}, true},
      {"pids", {.pids_max = 1}, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_int(rows[i].name, "needs a group",
              pm_job_spec_needs_group(&rows[i].fields), rows[i].want);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_back), cmocka_unit_test(damaged),
      cmocka_unit_test(lies),       cmocka_unit_test(refused),
      cmocka_unit_test(too_large),  cmocka_unit_test(groups_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
