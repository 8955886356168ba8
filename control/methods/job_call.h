/* What wait_job, stop_job, restart_job and remove_job have in common: they ask
 * the job's holder for something, and wait for what comes of it.  What is asked
 * for goes on if the client leaves.  Part of a method's data. */
#ifndef PM_METHODS_JOB_CALL_H
#define PM_METHODS_JOB_CALL_H

#include "methods/job.h"

struct pm_job_call_kind {
  enum pm_job_verb verb; /* 0: only waits */
  /* Is it what was asked for?  -1: call->failure says that it cannot be. */
  int (*is_done)(struct pm_call *call, const struct pm_jobs_entry *entry);
  /* Before the holder is asked.  1: it need not be; -1: call->failure.  NULL:
   * it is asked. */
  int (*before)(struct pm_call *call, struct pm_jobs_entry *entry);
};

struct pm_job_call {
  const struct pm_job_call_kind *kind;
  struct pm_job_word word;
  struct pm_job_wait wait;
  uint64_t timeout;            /* ns; 0: none was given */
  uint64_t until;              /* mono; 0: no end */
  uint64_t attempt;            /* of the job, when it was asked */
  bool begun;                  /* the job was found */
  bool done;                   /* a result can be written */
  char id[PM_JOB_ID_MOST + 1]; /* of the job */
};

/* For the ops of a method; `kind` is set before. */
int pm_job_call_start(struct pm_call *call, struct pm_job_call *data,
                      const struct pm_json *params);
void pm_job_call_step(struct pm_call *call);
enum pm_progress pm_job_call_more(struct pm_call *call,
                                  struct pm_json_out *out);
void pm_job_call_end(struct pm_call *call);

#define PM_JOB_CALL_OPS(begin)                                                 \
  {                                                                            \
    .state = sizeof(struct pm_job_call), .start = (begin),                     \
    .step = pm_job_call_step, .more = pm_job_call_more, .end = pm_job_call_end \
  }

#endif
