/* Asks procman-hold fdstore for what it keeps for a job, and starts it if there
 * is none. */
#ifndef PM_HOLD_FDSTORE_CLIENT_H
#define PM_HOLD_FDSTORE_CLIENT_H

#include "hold/fd_table.h"

struct hold_kept {
  struct hold_fd at[HOLD_FDS_OF_JOB]; /* the caller's to close */
  size_t count;
};

/* jobs: the folder of all jobs.  group: the job's control group, whose
 * neighbour the store moves to; empty: none.  Waits for an answer a second at
 * most, and for a new one's start another; after that it lives for a minute at
 * least.  -errno: it cannot be had. */
int hold_fdstore_ask(const char *jobs, const char *job, const char *group,
                     struct hold_kept *ret);

#endif
