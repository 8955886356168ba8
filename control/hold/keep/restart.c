#include "hold/keep/restart.h"

#include <stdbool.h>

static bool has_failed(const struct pm_job_exit_record *end) {
  return end->how != PM_JOB_CODE || end->code != 0;
}

enum keep_event keep_restart_decide(const struct pm_job_fields *spec,
                                    const struct pm_job_state_record *state,
                                    const struct pm_job_exit_record *end,
                                    enum pm_job_reason *ret) {
  *ret = PM_JOB_STOPPED;
  if (state->wants & (PM_JOB_WANTS_STOP | PM_JOB_WANTS_REMOVAL))
    return KEEP_ENDED;
  *ret = PM_JOB_GOES_ON;
  if (state->wants & PM_JOB_WANTS_AGAIN)
    return KEEP_ENDED_NOW;
  bool again = spec->policy == PM_JOB_ALWAYS ||
               (spec->policy == PM_JOB_ON_FAILURE && has_failed(end));
  if (again && (!spec->restarts_most || state->failures <= spec->restarts_most))
    return KEEP_ENDED_WAIT;
  *ret = again ? PM_JOB_GAVE_UP : PM_JOB_FINISHED;
  return KEEP_ENDED;
}

uint64_t keep_restart_pause(uint64_t first_ns, uint32_t failures) {
  uint64_t pause = first_ns ? first_ns : KEEP_PAUSE_FIRST_NS;
  for (uint32_t i = 1; i < failures && pause < KEEP_PAUSE_MOST_NS; i++)
    pause *= 2;
  return pause < KEEP_PAUSE_MOST_NS ? pause : KEEP_PAUSE_MOST_NS;
}

uint32_t keep_restart_count(uint32_t failures, uint64_t ran_ns) {
  if (ran_ns >= KEEP_PAUSE_MOST_NS)
    return 1;
  return failures < UINT32_MAX ? failures + 1 : failures;
}
