/* Retention: which closed segments go, and the steps of that.  A step that is
 * begun stands in the state record, so that the holder that follows finishes
 * it; one that fails stays, and is tried again. */
#ifndef PM_KEEP_RETAIN_H
#define PM_KEEP_RETAIN_H

#include "hold/keep/segment.h"

struct keep_limits {
  uint64_t bytes, segments;
  uint64_t age_ns; /* 0: without end */
};

/* Pure: the oldest closed segment if there is too much; with `force` in any
 * case.  False: nothing is to go. */
bool keep_retain_choose(const struct keep_found found[PM_JOB_STREAMS],
                        const struct keep_limits *limits, uint64_t real_ns,
                        bool force, struct pm_job_state_record *ret);

/* Pure: when the oldest closed segment becomes too old; UINT64_MAX: none. */
uint64_t keep_retain_next(const struct keep_found found[PM_JOB_STREAMS],
                          const struct keep_limits *limits);

/* Does the step that stands in the record.  -errno: it stays. */
int keep_retain_step(int dir, struct pm_job_state_record *state);

#endif
