/* Which jobs have to go so that the logs of a user's do not hold too much. */
#include "jobs/log_quota.h"

#include "unit/support/check.h"

#include <string.h>

enum { MOST = 8 };

static struct pm_jobs_entry jobs[MOST];
static char removed[256];

static void on_remove(struct pm_jobs_entry *e) {
  e->remove = true;
  strcat(strcat(removed, *removed ? " " : ""), e->job.id);
}

static void make(size_t i, const char *id, uint32_t uid,
                 enum pm_job_state state, uint64_t started, uint64_t bytes) {
  struct pm_job *job = &jobs[i].job;
  jobs[i] = (struct pm_jobs_entry){0};
  snprintf(job->id, sizeof job->id, "%s", id);
  job->starter_uid = uid;
  job->state.state = state;
  job->state.started_at_ns = started;
  job->state.stream[0].bytes = bytes - bytes / 3;
  job->state.stream[1].bytes = bytes / 3;
  if (i)
    jobs[i - 1].next = &jobs[i];
}

static const char *apply(uint64_t most) {
  *removed = '\0';
  pm_job_log_quota_apply(jobs, most, on_remove);
  return removed;
}

static void whose(void **state) {
  (void)state;
  make(0, "late", 1000, PM_JOB_EXITED, 9, 100);
  make(1, "root", 0, PM_JOB_EXITED, 1, 5000);
  make(2, "early", 1000, PM_JOB_EXITED, 2, 100);
  make(3, "runs", 1000, PM_JOB_RUNNING, 1, 100);
  make(4, "hers", 1001, PM_JOB_EXITED, 3, 299);
  make(5, "empty", 1000, PM_JOB_EXITED, 1, 0);
  make(6, "first", 1000, PM_JOB_EXITED, 1, 10);
  check_u64("he", "runs", pm_job_log_quota_held(jobs, 1000), 100);
  check_u64("she", "runs", pm_job_log_quota_held(jobs, 1001), 0);
  check_text("enough", "goes", apply(310), "");
  check_text("a little too much", "goes", apply(309), "first");
  check_text("the same again", "goes", apply(300), "");
  check_text("more", "goes", apply(299), "early");
  check_text("what runs stays", "goes", apply(50), "late hers");
  check_text("what is gone counts no more", "goes", apply(50), "");
  check_end();
}

static void none(void **state) {
  (void)state;
  pm_job_log_quota_apply(NULL, 0, on_remove);
  check_u64("none", "held", pm_job_log_quota_held(NULL, 1000), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whose),
      cmocka_unit_test(none),
  };
  return cmocka_run_group_tests_name("log_quota", tests, NULL, NULL);
}
