/* A job that exists, before another holder starts in its folder: what it is,
 * and that it is to begin once more or to go.  As root or whoever made it. */
#ifndef PM_HOLD_JOB_AGAIN_H
#define PM_HOLD_JOB_AGAIN_H

#include "base/job_spec.h"

#include <stddef.h>
#include <stdint.h>

/* Of the folder's spec; `room` is for the record, aligned to 8, and lives as
 * long as ret.  -EBADMSG and others as pm_job_spec_read; -errno. */
int hold_job_load(int folder, void *room, size_t size, struct pm_job_spec *ret);

/* Records in the state what a job that has exited is to do, PM_JOB_WANTS_AGAIN,
 * PM_JOB_WANTS_REMOVAL, or nothing; the next holder does it.  Under the
 * holder's lock, so that none writes at the same time.  -EBUSY: it has a
 * holder, or has not exited; -ESRCH: it was removed; -EBADMSG and others as
 * pm_job_read; -errno. */
int hold_job_want(int folder, uint32_t wants);

#endif
