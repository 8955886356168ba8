/* Job: a started process as JSON, and the list of what it has. */
#ifndef PM_METHODS_JOB_VIEW_H
#define PM_METHODS_JOB_VIEW_H

#include "jobs/jobs.h"

#include "wire/json_out.h"

/* A value: Job. */
void pm_job_put(struct pm_json_out *out, const struct pm_jobs_entry *entry,
                struct pm_now now);
/* Writes an array that describes it. */
void pm_job_describe(struct pm_json_out *out);

#endif
