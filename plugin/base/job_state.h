/* How a job is doing, and how its workload ended: the records `state` and
 * `exit`, written by the job's holder alone.  Plain data. */
#ifndef PM_BASE_JOB_STATE_H
#define PM_BASE_JOB_STATE_H

#include "base/job_record.h"

enum {
  PM_JOB_STREAMS = 2,
  PM_JOB_BOOT_ID = 16, /* bytes of /proc/sys/kernel/random/boot_id */
};

enum pm_job_state {
  PM_JOB_NEW,
  PM_JOB_STARTING, /* recorded; it waits at its gate or is about to exec */
  PM_JOB_RUNNING,
  PM_JOB_STOPPING,    /* has SIGTERM; SIGKILL at `deadline` */
  PM_JOB_KILLING,     /* has SIGKILL; once more at `deadline` */
  PM_JOB_BACKING_OFF, /* will be started at `deadline` */
  PM_JOB_DRAINING,    /* has exited; a descendant may still write */
  PM_JOB_EXITED,      /* and nobody can write any more */
  PM_JOB_STATE_COUNT
};

/* Why it is not started again. */
enum pm_job_reason {
  PM_JOB_GOES_ON,
  PM_JOB_FINISHED, /* its restart policy says so */
  PM_JOB_STOPPED,
  PM_JOB_GAVE_UP, /* it failed as often as it may */
};

enum pm_job_wants {
  PM_JOB_WANTS_STOP = 1,
  PM_JOB_WANTS_AGAIN = 2,
  PM_JOB_WANTS_REMOVAL = 4
};

/* The step of retention that is still to do. */
enum pm_job_step { PM_JOB_NO_STEP, PM_JOB_UNLINK_SEGMENT, PM_JOB_UNLINK_INDEX };

struct pm_job_stream {
  uint64_t segment;         /* the current one's number, 0: none yet */
  uint64_t segments, bytes; /* that exist */
  uint64_t stored;          /* bytes of all that was ever stored */
  uint64_t dropped_bytes, blocked_ns;
  int32_t error; /* errno value that keeps it from storing, 0: none */
  uint32_t zero;
};

/* Times are CLOCK_BOOTTIME's, in nanoseconds. */
struct pm_job_state_record {
  struct pm_job_head head;
  uint8_t boot_id[PM_JOB_BOOT_ID];
  uint32_t state, reason, wants; /* the enums above */
  int32_t holder;                /* pid */
  int32_t pid;                   /* of the workload, 0: none */
  uint32_t failures;             /* in a row */
  uint64_t birth;                /* of pid: stat field 22 */
  uint64_t attempt;              /* starts so far */
  uint64_t restarts;
  uint64_t started, started_at_ns; /* the latest start; CLOCK_REALTIME */
  uint64_t deadline;
  uint32_t step, step_stream; /* enum pm_job_step */
  uint64_t step_segment;
  struct pm_job_stream stream[PM_JOB_STREAMS]; /* stdout, stderr */
  uint64_t cgroup;    /* the kernel's id of the job's control group, 0: none */
  uint64_t oom_kills; /* in it, before the latest start */
};

/* The step of a start that failed. */
enum pm_job_stage {
  PM_JOB_STAGE_NONE,
  PM_JOB_STAGE_FORK,
  PM_JOB_STAGE_GATE, /* it ended before its gate opened */
  PM_JOB_STAGE_SESSION,
  PM_JOB_STAGE_STDIN,
  PM_JOB_STAGE_STREAMS,
  PM_JOB_STAGE_RLIMIT,
  PM_JOB_STAGE_IDS, /* and what needs privileges before them */
  PM_JOB_STAGE_CHDIR,
  PM_JOB_STAGE_EXEC,
  PM_JOB_STAGE_GROUP, /* its control group, or a limit of it */
};

/* The first bytes of `lock`, by the workload itself once its gate is open, so
 * that a holder that follows knows which start got so far; one write, and no
 * record: it is read by holders of the same schema only while they run. */
struct pm_job_mark {
  uint64_t attempt;
  uint32_t stage; /* 0: it goes on to exec */
  int32_t error;
};

/* ---- exit ---- */

enum pm_job_how {
  PM_JOB_NOT_ENDED,
  PM_JOB_CODE,
  PM_JOB_SIGNAL,
  PM_JOB_NOT_STARTED, /* `stage` failed with `error` */
  PM_JOB_UNKNOWN,     /* it ended while no holder lived */
};

enum pm_job_exit_has { PM_JOB_HAS_USAGE = 1, PM_JOB_HAS_ENDED_AT = 2 };

struct pm_job_exit_record {
  struct pm_job_head head;
  uint64_t attempt; /* the start that ended so */
  uint32_t how;     /* enum pm_job_how */
  int32_t code, signal;
  uint32_t core, oom; /* 0 or 1; oom: some of it, for want of memory */
  uint32_t stage;     /* enum pm_job_stage */
  int32_t error;
  uint32_t has;
  uint64_t cpu_user_ns, cpu_system_ns, max_rss_bytes;
  uint64_t started_at_ns, ended_at_ns; /* CLOCK_REALTIME */
};

#endif
