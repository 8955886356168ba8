/* Is a job started again after its workload has ended, and when?  Pure. */
#ifndef PM_KEEP_RESTART_H
#define PM_KEEP_RESTART_H

#include "base/job_spec.h"
#include "base/job_state.h"

#include "hold/keep/states.h"

#define KEEP_PAUSE_FIRST_NS UINT64_C(100000000)
#define KEEP_PAUSE_MOST_NS UINT64_C(60000000000)

/* One of the three KEEP_ENDED, with the reason if it is the first of them.
 * state: as the end is found, its failures counted; an unknown end is a
 * failure. */
enum keep_event keep_restart_decide(const struct pm_job_fields *spec,
                                    const struct pm_job_state_record *state,
                                    const struct pm_job_exit_record *end,
                                    enum pm_job_reason *ret);

/* Before the start that follows so many failures in a row, at least 1: doubled
 * each time, at most a minute. */
uint64_t keep_restart_pause(uint64_t first_ns, uint32_t failures);

/* Failures in a row after one more end; a run of a minute makes up for those
 * before. */
uint32_t keep_restart_count(uint32_t failures, uint64_t ran_ns);

#endif
