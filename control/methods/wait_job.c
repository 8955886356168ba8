#include "methods/job_call.h"
#include "methods/methods.h"

static int is_done(struct pm_call *call, const struct pm_jobs_entry *e) {
  (void)call;
  return pm_job_has_ended(&e->job);
}

static const struct pm_job_call_kind kind = {.is_done = is_done};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct pm_job_call *c = call->data;
  c->kind = &kind;
  return pm_job_call_start(call, c, params);
}

const struct pm_method_ops pm_method_wait_job = PM_JOB_CALL_OPS(start);
