#include "methods/job.h"
#include "methods/methods.h"
#include "server/reply.h"

#include "base/copy.h"

#include <stdlib.h>

/* The ids are kept, as jobs may come and go while the client reads. */
struct list {
  bool opened;
  char (*ids)[PM_JOB_ID_MOST + 1];
  size_t count, written;
};

static void choose(struct pm_call *call, struct list *l) {
  struct pm_subject subject = pm_job_subject(call);
  size_t room = 0;
  for (struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next)
    room++;
  l->ids = calloc(room + 1, sizeof *l->ids);
  if (!l->ids) {
    pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory");
    return;
  }
  for (struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next)
    if (pm_job_is_shown(call, &subject, e))
      pm_copy_text(l->ids[l->count++], sizeof *l->ids, e->job.id);
  pm_call_ready(call);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  (void)params;
  int known = pm_job_are_known(call);
  if (known > 0)
    choose(call, call->data);
  return known < 0 || call->failure.code ? -1 : 0;
}

static void step(struct pm_call *call) {
  if (pm_job_are_known(call) > 0)
    choose(call, call->data);
}

static void put_one(struct pm_call *call, struct list *l,
                    struct pm_json_out *out) {
  const char *id = l->ids[l->written++];
  const struct pm_jobs_entry *e =
      call->context->jobs ? pm_jobs_find(call->context->jobs, id) : NULL;
  if (e)
    pm_job_put(out, e, call->context->now);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  struct list *l = call->data;
  if (!l->opened) {
    pm_reply_open(out, &call->id);
    pm_json_key(out, "jobs");
    pm_json_array(out);
    l->opened = true;
  }
  while (l->written < l->count) {
    put_one(call, l, out);
    if (!pm_call_has_room(call))
      return PM_PROGRESS_PARTIAL;
  }
  pm_json_array_end(out);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

static void end(struct pm_call *call) {
  free(((struct list *)call->data)->ids);
}

const struct pm_method_ops pm_method_list_jobs = {.state = sizeof(struct list),
                                                  .start = start,
                                                  .step = step,
                                                  .more = more,
                                                  .end = end};
