/* How much the logs of one user's jobs may hold together: those of jobs that
 * are over make room, the oldest first.  What root starts is not counted.  For
 * the control thread only. */
#ifndef PM_JOBS_LOG_QUOTA_H
#define PM_JOBS_LOG_QUOTA_H

#include "jobs/entry.h"

/* Calls back with each job that has to go. */
void pm_job_log_quota_apply(struct pm_jobs_entry *list, uint64_t most,
                            void (*remove)(struct pm_jobs_entry *entry));

/* Bytes that jobs of that user hold which are not over. */
uint64_t pm_job_log_quota_held(const struct pm_jobs_entry *list, uint32_t uid);

#endif
