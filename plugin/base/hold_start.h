/* Records between procman.so and procman-hold start: one request
 * (hold_protocol.h) and one answer, when the job runs or cannot. */
#ifndef PM_BASE_HOLD_START_H
#define PM_BASE_HOLD_START_H

#include "base/hold_protocol.h"

enum pm_hold_start_text {
  PM_HOLD_START_JOBS, /* the folder of all jobs' folders, absolute */
  PM_HOLD_START_LOGS, /* the folder of all logs, absolute */
  PM_HOLD_START_KEEP, /* procman-keep, absolute */
  PM_HOLD_START_USER, /* name or number; "": the ids of the spec stand */
  PM_HOLD_START_TEXTS
};

/* One of them, or 0. */
enum pm_hold_start_flag {
  PM_HOLD_START_ANYBODY = 1, /* the user may be any; else one of `may` */
  PM_HOLD_START_AGAIN = 2,   /* a job that has exited: one more start of it */
  /* only a holder, for a job whose holder has died; answered when it has taken
   * over, or has found nothing to do.  The job is left as it is otherwise. */
  PM_HOLD_START_RESCUE = 4,
};

/* Behind it: with the last two flags the id of a job that exists, without a NUL,
 * then the texts.  Else the record `spec` (job_spec.h), whose user, environment, limits
 * and nice value the helper completes, then the texts, then the uids.  Of the
 * peer a pidfd comes along. */
struct pm_hold_start_request {
  uint32_t schema;
  uint32_t spec_length;               /* bytes; or of the id */
  uint32_t text[PM_HOLD_START_TEXTS]; /* bytes of each, < PM_HOLD_START_PATH */
  uint32_t flags;                     /* enum pm_hold_start_flag */
  int32_t peer;  /* its pid: whose limits count; 0: those of this program */
  uint32_t may;  /* uids */
  uint32_t zero; /* so that the record is aligned to 8 */
};

enum { PM_HOLD_START_PATH = 1024, PM_HOLD_START_MAY = 4096 };

/* The step that failed. */
enum pm_hold_start_step {
  PM_HOLD_START_DONE,
  PM_HOLD_START_REQUEST, /* the record is not valid */
  PM_HOLD_START_WHO,     /* ENOENT: no such user; EPERM: not that one */
  PM_HOLD_START_PEER,    /* whoever asked cannot be read, or is gone */
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
  uint32_t step;          /* enum pm_hold_start_step */
  int32_t error;          /* errno value */
  uint32_t stage;         /* enum pm_job_stage (job_state.h) */
  int32_t pid;            /* of the workload */
  uint32_t uid;           /* that it runs as */
  uint64_t birth;         /* its start, stat field 22 */
  uint64_t started_at_ns; /* CLOCK_REALTIME */
  uint64_t cgroup;        /* the kernel's id of its control group; 0: none */
};

#endif
