/* The job itself: does what the table in states.c says.  Every change is
 * recorded before anybody can see it, so that a holder that follows goes on
 * from there. */
#ifndef PM_KEEP_JOB_H
#define PM_KEEP_JOB_H

#include "hold/keep/keep.h"
#include "hold/keep/states.h"

/* Takes over what the state says: before the ids are taken on.  stored: how
 * many descriptors a service manager has kept.  -errno: whether the workload
 * lives cannot be told. */
int keep_job_find(struct keep *keep, int stored);
/* Has it exited, and is it to begin once more? */
bool keep_job_is_again(const struct keep *keep);
/* The ids could not be taken on, so that it can never be started: it is over.
 */
void keep_job_refuse(struct keep *keep, int error);
/* Goes on with it: after that. */
void keep_job_begin(struct keep *keep);

void keep_job_event(struct keep *keep, enum keep_event event);

/* Looks after the workload: has it exec'd, has it ended, is a time over? */
void keep_job_turn(struct keep *keep);

/* A request from `ctl`; 0 or -errno. */
int keep_job_request(void *keep, const struct pm_job_request *request);

/* CLOCK_BOOTTIME of what comes next by itself; UINT64_MAX: nothing. */
uint64_t keep_job_next(const struct keep *keep);

#endif
