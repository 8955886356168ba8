/* Whose log get_logs means, and as whom it is read: a job's as the user that it
 * runs as, a process's as the caller or as its owner. */
#ifndef PM_METHODS_LOGS_TARGET_H
#define PM_METHODS_LOGS_TARGET_H

#include "methods/job.h"
#include "server/call.h"

#include "base/hold_logs.h"

struct pm_logs_target {
  char what[PM_JOB_ID_MOST + 16];     /* "pid 12", "job a-b1": for messages */
  char id[PM_JOB_ID_MOST + 1];        /* of the job, "" = a process */
  char folder[PM_HOLD_LOGS_TEXT + 1]; /* of the job */
  int32_t pid;                        /* of the process, 0 = a job */
  uint64_t birth;
  uint32_t owner_uid, owner_gid; /* of the process, real */
  struct pm_hold_identity as;    /* of a process; all 0 for a job */
  uint32_t uid;                  /* as whom it is read, for the log */
};

/* By the parameters pid and start_time, or job_id; a process that a job has
 * started is the job.  -1: call->failure says why not. */
int pm_logs_target_find(struct pm_call *call, const struct pm_json *params,
                        struct pm_logs_target *ret);

/* May the caller still read it?  Who he is may have changed since he asked.
 * False: call->failure says why not. */
bool pm_logs_target_may_go_on(struct pm_call *call,
                              const struct pm_logs_target *target);

void pm_logs_target_audit(struct pm_call *call,
                          const struct pm_logs_target *target);

#endif
