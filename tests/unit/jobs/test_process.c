/* What is believed of a holder that tells of its job's process. */
#include "jobs/process.h"

#include "jobs/table.h"

#include "core/snapshot/exchange_jobs.h"
#include "unit/support/check.h"

#include <unistd.h>

static struct pm_environment environment = {.proc_path = "/proc"};
static struct pm_context context = {.environment = &environment};
static struct pm_jobs jobs = {.context = &context, .folders = {.dir = -1}};

static struct pm_jobs_entry entry(uint32_t uid, int32_t pid) {
  struct pm_jobs_entry e = {.owner = &jobs};
  snprintf(e.job.id, sizeof e.job.id, "a-1");
  e.job.uid = uid;
  e.job.state.pid = pid;
  e.job.state.birth = 7;
  e.job.state.attempt = 2;
  e.job.state.cgroup = 99; /* says the holder */
  return e;
}

static void whose(void **state) {
  (void)state;
  struct pm_jobs_entry e = entry(getuid(), getpid());
  pm_job_process_note(&e, true);
  check_int("his", "pid", e.pid, getpid());
  check_u64("his", "birth", e.birth, 7);
  check_u64("his", "control group: no link", e.cgroup, 0);
  e = entry(getuid() + 1, getpid());
  pm_job_process_note(&e, true);
  check_int("another user's", "pid", e.pid, 0);
  e = entry(getuid(), 0x7ffffff0);
  pm_job_process_note(&e, true);
  check_int("nobody's", "pid", e.pid, 0);
  check_end();
}

/* The record of one start is not that of another. */
static void ended(void **state) {
  (void)state;
  struct pm_err err = PM_ERR_INIT;
  struct pm_exit seen = {.pid = getpid(), .birth = 7, .status = 7 << 8};
  assert_int_equal(pm_exchange_new(&environment.exchange, &err), 0);
  pm_exchange_note_death(environment.exchange, &seen);
  for (uint64_t attempt = 1; attempt <= 3; attempt++) {
    char row[16];
    struct pm_jobs_entry e = entry(getuid(), getpid());
    pm_job_process_note(&e, true);
    e.job.exit.how = PM_JOB_UNKNOWN;
    e.job.exit.attempt = attempt;
    pm_job_process_find_exit(&e);
    snprintf(row, sizeof row, "start %d", (int)attempt);
    check_int(row, "how", (int)e.job.exit.how,
              attempt == 2 ? PM_JOB_CODE : PM_JOB_UNKNOWN);
    check_int(row, "code", (int)e.job.exit.code, attempt == 2 ? 7 : 0);
  }
  pm_exchange_free(environment.exchange);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whose),
      cmocka_unit_test(ended),
  };
  return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
