/* The processes of a job, told by its control group, as procman or systemd
 * makes it; where it has none, by its process and the descendants of that.
 * Plain data; the control thread tells it to the tick. */
#ifndef PM_CORE_IDENTITY_JOB_SCOPE_H
#define PM_CORE_IDENTITY_JOB_SCOPE_H

#include "base/job_spec.h"
#include "core/identity/name.h"

#include <stdbool.h>
#include <stdint.h>

struct pm_job_scope {
  char id[PM_JOB_ID_MOST + 1];
  char name[PM_NAME]; /* of its series; "": it has none of its own */
  uint32_t number;    /* of the job, never 0, never used twice */
  int32_t pid;        /* of its process; 0: not started yet */
  uint64_t birth;     /* of that: stat field 22 */
  uint64_t cgroup;    /* the kernel's id; 0: not known yet, or it has none */
};

/* The job's id in the path of a control group, its own or one below, as
 * /proc/PID/cgroup shows it.  False: it is no job's. */
bool pm_job_scope_id(const char *path, char ret[PM_JOB_ID_MOST + 1]);

#endif
