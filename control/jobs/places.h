/* Where jobs and their logs lie.  Pure. */
#ifndef PM_JOBS_PLACES_H
#define PM_JOBS_PLACES_H

#include "server/environment.h"

#include "base/err.h"
#include "base/hold_start.h"

struct pm_job_places {
  char state[PM_HOLD_START_PATH]; /* of one collectd */
  char jobs[PM_HOLD_START_PATH];  /* below it: a folder a job */
  char logs[PM_HOLD_START_PATH];
  const char *keep; /* (borrowed) the path of procman-keep */
};

/* What the options do not say is beside the socket, which is one collectd's
 * alone.  -ENAMETOOLONG. */
int pm_job_places_choose(const struct pm_jobs_options *options,
                         const char *socket, struct pm_job_places *ret,
                         struct pm_err *err);

#endif
