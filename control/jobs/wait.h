/* Those who wait for a change of a job, and what they have asked of its holder.
 * For the control thread only. */
#ifndef PM_JOBS_WAIT_H
#define PM_JOBS_WAIT_H

#include "jobs/entry.h"

/* changed(arg) is called for each change until pm_jobs_unwait. */
void pm_jobs_wait(struct pm_jobs_entry *entry, struct pm_job_wait *wait);
void pm_jobs_unwait(struct pm_job_wait *wait);
/* Asks its holder, when there is one; of a job that is over only a RESTART has
 * a meaning.  The wait is one of the entry's. */
void pm_jobs_ask(struct pm_job_wait *wait, enum pm_job_verb verb,
                 uint64_t timeout_ns);

/* ---- for the table ---- */

void pm_job_waits_tell(struct pm_jobs_entry *entry);
/* The job is gone: nobody waits for it any more, and all are told. */
void pm_job_waits_end(struct pm_jobs_entry *entry);
void pm_job_waits_send(struct pm_jobs_entry *entry);
void pm_job_waits_take(struct pm_jobs_entry *entry,
                       const struct pm_job_reply *reply);
/* All that were asked so far, and are so far. */
void pm_job_waits_answer(struct pm_jobs_entry *entry, enum pm_job_asked asked,
                         int error);
/* Does somebody want a new start of one that is over? */
bool pm_job_waits_for_start(const struct pm_jobs_entry *entry);

#endif
