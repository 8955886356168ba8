/* Jobs as rows of series: those that have not ended first, then the latest. */
#ifndef PM_JOBS_ROWS_H
#define PM_JOBS_ROWS_H

#include "jobs/entry.h"

#include "core/report/job_row.h"

/* At most `most` rows of the list; no two have the same name.  Returns how
 * many. */
size_t pm_job_rows_make(const struct pm_jobs_entry *list,
                        struct pm_job_row *ret, size_t most);

#endif
