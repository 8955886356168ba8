/* A holder: all that it has.  Its files say what each owns; job.c moves the
 * state, log.c the streams, main.c turns. */
#ifndef PM_KEEP_KEEP_H
#define PM_KEEP_KEEP_H

#include "base/now.h"

#include "hold/keep/ctl.h"
#include "hold/keep/files.h"
#include "hold/keep/group.h"
#include "hold/keep/retain.h"
#include "hold/keep/session.h"
#include "hold/keep/stream.h"
#include "hold/keep/workload.h"

#include <stdbool.h>

struct keep {
  struct pm_now now; /* read once a turn */
  struct keep_files files;
  struct pm_job_spec spec;
  struct pm_job_state_record state; /* as on disk, but for counters */
  struct pm_job_exit_record exit;   /* the latest */
  struct keep_ctl ctl;

  /* job.c */
  struct keep_workload workload;
  bool told_to_end;          /* by a signal */
  uint64_t stop_timeout_ns;  /* of the stop that was asked for, 0: the job's */
  bool ended;                /* the end is recorded; its session is not over */
  uint64_t look_at, look_ns; /* when that is looked at, and then how soon */
  struct keep_group group;
  struct keep_session session; /* where there is no group */
  int sweeps;        /* the signal for who is left in the group; 0: none */
  int group_error;   /* errno value: this start is not in it */
  bool watches_mark; /* an adopted one may still be at its gate */
  bool finished;
  bool failed; /* a record could not be written: another holder has to try */

  /* log.c */
  struct keep_log log;
  struct keep_limits limits;
  struct keep_stream stream[PM_JOB_STREAMS];
  uint64_t retain_at; /* CLOCK_REALTIME: when a segment gets too old */
  uint64_t flush_at;  /* CLOCK_BOOTTIME: counters are published; 0: as said */
};

/* Writes the state, and sends it to who is connected. */
void keep_publish(struct keep *keep);

#endif
