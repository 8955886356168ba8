/* Which processes are a job's, and how its own one ended, as far as that can be
 * believed: its holder, who tells of them, runs as the job's user.  For the
 * control thread only. */
#ifndef PM_JOBS_PROCESS_H
#define PM_JOBS_PROCESS_H

#include "jobs/entry.h"

/* After a new state, which may have come from a new holder. */
void pm_job_process_note(struct pm_jobs_entry *entry, bool renewed);

/* Who died while no holder lived is not told by the kernel to the next one,
 * before Linux 6.15; but the sampler may have seen it. */
void pm_job_process_find_exit(struct pm_jobs_entry *entry);

#endif
