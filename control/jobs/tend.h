/* What procman-hold does for a job that exists: another holder, one more start,
 * its removal.  For the control thread only. */
#ifndef PM_JOBS_TEND_H
#define PM_JOBS_TEND_H

#include "jobs/entry.h"

#include "base/hold_start.h"

/* The job is looked after when it is done, or later if it cannot be done now.
 * Of AGAIN the entry then has what became of it. */
void pm_job_tend_start(struct pm_jobs_entry *entry,
                       enum pm_hold_start_flag flag);
void pm_job_tend_remove(struct pm_jobs_entry *entry);

/* Looked after later, and later each time. */
void pm_job_tend_later(struct pm_jobs_entry *entry);

#endif
