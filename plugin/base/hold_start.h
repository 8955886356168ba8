/* Records between procman.so and procman-hold start: one request
 * (hold_protocol.h) and one answer, when the job runs or cannot. */
#ifndef PM_BASE_HOLD_START_H
#define PM_BASE_HOLD_START_H

#include "base/hold_protocol.h"

enum pm_hold_start_text {
  PM_HOLD_START_JOBS, /* the folder of all jobs' folders, absolute */
  PM_HOLD_START_LOGS, /* the folder of all logs, absolute */
  PM_HOLD_START_KEEP, /* procman-keep, absolute */
  PM_HOLD_START_TEXTS
};

enum pm_hold_start_flag {
  PM_HOLD_START_AGAIN = 1, /* a job that has exited: one more start of it */
  /* only a holder, for a job whose holder has died; answered when it has taken
   * over, or has found nothing to do.  The job is left as it is otherwise. */
  PM_HOLD_START_RESCUE = 2,
  /* all of a job that has exited goes: its log, as its user, who is left in its
   * control group, and its folders */
  PM_HOLD_START_REMOVE = 3,
};

/* Behind it: the record `spec` (job_spec.h), or, with one of the flags, the id
 * of a job that exists, without a NUL; then the texts. */
struct pm_hold_start_request {
  uint32_t schema;
  uint32_t spec_length;               /* bytes */
  uint32_t text[PM_HOLD_START_TEXTS]; /* bytes of each, < PM_HOLD_START_PATH */
  uint32_t flags;                     /* one of enum pm_hold_start_flag, or 0 */
};

enum { PM_HOLD_START_PATH = 1024 };

/* The step that failed. */
enum pm_hold_start_step {
  PM_HOLD_START_DONE,
  PM_HOLD_START_REQUEST, /* the record is not valid */
  PM_HOLD_START_LOG,     /* the folder of its log: EEXIST, EPERM, EREMOTE: not
                            on a local file system */
  PM_HOLD_START_FOLDER,  /* its own */
  PM_HOLD_START_HOLDER,  /* procman-keep could not be executed or failed */
  PM_HOLD_START_JOB,     /* the workload could not be started: stage, error */
  PM_HOLD_START_TIME,    /* it is not known in time; it was stopped, or is left
                            to its new holder */
  PM_HOLD_START_STATE,   /* of a job that exists: EBUSY: it has a holder or has
                            not exited; ESRCH: it was removed */
};

struct pm_hold_start_reply {
  uint32_t schema;
  uint32_t step;  /* enum pm_hold_start_step */
  int32_t error;  /* errno value */
  uint32_t stage; /* enum pm_job_stage (job_state.h) */
  int32_t pid;    /* of the workload */
  uint32_t zero;
  uint64_t birth;         /* its start, stat field 22 */
  uint64_t started_at_ns; /* CLOCK_REALTIME */
  uint64_t cgroup;        /* the kernel's id of its control group; 0: none */
};

#endif
