#include "methods/job_call.h"
#include "methods/methods.h"

/* Of one whose descendants still write, the holder stays until they end: their
 * pipe must not fill. */
static int is_done(struct pm_call *call, const struct pm_jobs_entry *e) {
  (void)call;
  return pm_job_is_removed(&e->job) && !pm_job_is_over(&e->job);
}

static int before(struct pm_call *call, struct pm_jobs_entry *e) {
  if (!pm_job_has_ended(&e->job))
    return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                   "the job %s is %s: stop it first", e->job.id,
                   pm_job_state_word(&e->job));
  if (!pm_job_is_over(&e->job))
    return 0;
  pm_jobs_remove(e);
  return 1;
}

static const struct pm_job_call_kind kind = {
    .verb = PM_JOB_ASK_REMOVE, .is_done = is_done, .before = before};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct pm_job_call *c = call->data;
  c->kind = &kind;
  return pm_job_call_start(call, c, params);
}

const struct pm_method_ops pm_method_remove_job = PM_JOB_CALL_OPS(start);
