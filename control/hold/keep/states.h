/* The life of a job as a table, states x events: what comes next and what is
 * done.  job.c does it; a test prints the whole table.  Pure. */
#ifndef PM_KEEP_STATES_H
#define PM_KEEP_STATES_H

#include "base/job_state.h"

enum keep_event {
  KEEP_BEGIN,      /* a holder took over */
  KEEP_EXECED,     /* the workload is past its gate and has exec'd */
  KEEP_ENDED,      /* and that was all: it is not started again */
  KEEP_ENDED_WAIT, /* it is started again, after a pause */
  KEEP_ENDED_NOW,  /* it is started again at once */
  KEEP_TIME,       /* the state's deadline */
  KEEP_STOP,
  KEEP_RESTART,
  KEEP_REMOVE,
  KEEP_DRAINED, /* end of file of all streams */
  KEEP_EVENT_COUNT
};

enum keep_act {
  KEEP_NOTHING,
  KEEP_START,
  KEEP_TERM,    /* SIGTERM to the job, and the deadline of SIGKILL */
  KEEP_KILL,    /* SIGKILL to the job */
  KEEP_PAUSE,   /* until the next start */
  KEEP_RELEASE, /* lets go of the write ends, so that end of file is exact */
  KEEP_SWEEP,   /* SIGTERM to who is left in the job's group */
  KEEP_DISCARD, /* the same; what is still written goes nowhere */
  KEEP_FINISH,
  KEEP_ACT_COUNT
};

struct keep_step {
  enum pm_job_state next;
  enum keep_act act;
};

/* A pair that means nothing stays in its state and does nothing. */
struct keep_step keep_states_next(enum pm_job_state state,
                                  enum keep_event event);

#endif
