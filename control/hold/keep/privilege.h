/* From the ids that the holder was started with to those of its job. */
#ifndef PM_KEEP_PRIVILEGE_H
#define PM_KEEP_PRIVILEGE_H

#include "base/job_spec.h"

#include "hold/keep/fault.h"

/* Sets what needs privileges and is inherited by the workload: nice value,
 * oom_score_adj, hard limits to lower from, for uid 0 the bounding set.  Then
 * takes on the ids.  -errno: the process may only report it. */
int keep_privilege_drop(const struct pm_job_spec *spec,
                        struct keep_fault *fault);

#endif
