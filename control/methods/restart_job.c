#include "methods/job_call.h"
#include "methods/methods.h"

#include <string.h>

static int fail_start(struct pm_call *call, const struct pm_job *job) {
  const struct pm_job_exit_record *x = &job->exit;
  const char *stage = pm_job_stage_word(x->stage);
  pm_fail(&call->failure, PM_CODE_START_FAILED, "%s: %s: %s", job->id,
          stage ? stage : "start", strerror(x->error));
  call->failure.num = x->error;
  call->failure.stage = stage;
  return -1;
}

/* Of an attempt after the one that was running: it runs, or has ended again, as
 * it does when it is short. */
static int is_done(struct pm_call *call, const struct pm_jobs_entry *e) {
  const struct pm_job_call *c = call->data;
  const struct pm_job_state_record *s = &e->job.state;
  if (s->attempt <= c->attempt || s->state == PM_JOB_STARTING)
    return 0;
  bool ended = e->job.exit.attempt == s->attempt;
  return ended && e->job.exit.how == PM_JOB_NOT_STARTED
             ? fail_start(call, &e->job)
             : 1;
}

static int before(struct pm_call *call, struct pm_jobs_entry *e) {
  if (e->job.lost)
    return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                   "the job %s was lost when the machine was started again: "
                   "start another one",
                   e->job.id);
  return 0;
}

static const struct pm_job_call_kind kind = {
    .verb = PM_JOB_ASK_RESTART, .is_done = is_done, .before = before};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct pm_job_call *c = call->data;
  c->kind = &kind;
  return pm_job_call_start(call, c, params);
}

const struct pm_method_ops pm_method_restart_job = PM_JOB_CALL_OPS(start);
