/* A job that exists, before another holder starts in its folder: what it is,
 * and that it is to begin once more.  As root or whoever made it. */
#ifndef PM_HOLD_JOB_AGAIN_H
#define PM_HOLD_JOB_AGAIN_H

#include "base/job_spec.h"

#include <stdbool.h>

/* Of the folder's spec; `room` is for the record, aligned to 8, and lives as
 * long as ret.  -EBADMSG and others as pm_job_spec_read; -errno. */
int hold_job_load(int folder, void *room, size_t size, struct pm_job_spec *ret);

/* Records in the state that a job that has exited is to begin again, or no
 * longer; the next holder does it.  Under the holder's lock, so that none
 * writes at the same time.  -EBUSY: it has a holder, or has not exited; -ESRCH:
 * it was removed; -EBADMSG and others as pm_job_read; -errno. */
int hold_job_again(int folder, bool again);

#endif
