#include "methods/job.h"
#include "methods/methods.h"
#include "server/reply.h"

struct get {
  struct pm_job_word word;
};

static void look(struct pm_call *call) {
  const struct get *g = call->data;
  if (pm_job_are_known(call) > 0 && pm_job_lookup(call, &g->word))
    pm_call_ready(call);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct get *g = call->data;
  if (pm_job_word_take(call, params, &g->word) < 0)
    return -1;
  look(call);
  return call->failure.code ? -1 : 0;
}

/* Looked up once more: it may have been removed since. */
static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct get *g = call->data;
  const struct pm_jobs_entry *e = pm_job_lookup(call, &g->word);
  if (e)
    return pm_job_answer(call, out, e);
  pm_reply_failure(out, &call->id, &call->failure);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_get_job = {
    .state = sizeof(struct get), .start = start, .step = look, .more = more};
