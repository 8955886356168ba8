/* Which jobs have series, and which processes are theirs.  A job that runs
 * keeps its name until it has ended; new names are used as sparingly as those
 * of programs.  For the control thread only. */
#ifndef PM_JOBS_SERIES_H
#define PM_JOBS_SERIES_H

#include "jobs/entry.h"

#include "core/identity/job_scope.h"
#include "core/report/job_row.h"

#include <stddef.h>

/* A job that procman-hold is about to start. */
struct pm_job_coming {
  struct pm_job_coming *next;
  char id[PM_JOB_ID_MOST + 1];
  char name[PM_JOB_NAME_MOST + 1];
  uint32_t starter_uid;
  struct pm_job_series series;
};

/* All that may have series, or processes whose end the tick has not seen. */
struct pm_job_lists {
  struct pm_jobs_entry *kept;
  struct pm_jobs_entry *removed; /* a moment ago */
  struct pm_job_coming *coming;
};

enum {
  PM_JOB_NAMES = 1024, /* used in PM_JOB_NAME_DAYS */
  PM_JOB_NAME_DAYS = 7,
};

/* Names that were used.  Zeroed: none was. */
struct pm_job_names {
  struct pm_job_named {
    char name[PM_NAME];
    uint64_t used; /* mono */
  } * list;
  size_t count, room;
  double tokens;     /* names that may still be new */
  uint64_t refilled; /* mono; 0: never */
};

void pm_job_names_done(struct pm_job_names *names);

struct pm_job_series_options {
  uint32_t most;           /* jobs with series at a time */
  uint32_t names_per_hour; /* new ones, once the first places were filled */
};

/* Sets the name in the series of each job of the lists. */
void pm_job_series_choose(const struct pm_job_lists *lists,
                          struct pm_job_names *names,
                          const struct pm_job_series_options *o, uint64_t mono);

/* The rows of those that have a name, at most `room`.  Returns how many. */
size_t pm_job_series_rows(const struct pm_jobs_entry *list,
                          struct pm_job_row *ret, size_t room);

/* All that may have processes.  *ret is malloc'd, the caller's.  -ENOMEM. */
int pm_job_series_scopes(const struct pm_job_lists *lists,
                         struct pm_job_scope **ret, size_t *ret_count);

#endif
