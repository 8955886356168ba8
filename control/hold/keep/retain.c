#include "hold/keep/retain.h"

/* The current one is never among them. */
static bool has_closed(const struct keep_found *f) { return f->count > 1; }

/* An index whose segment went before the holder died. */
static bool has_orphan(const struct keep_found *f) {
  return f->lowest_index && f->lowest && f->lowest_index < f->lowest;
}

static const struct keep_found *
oldest(const struct keep_found found[PM_JOB_STREAMS]) {
  const struct keep_found *best = NULL;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    if (has_closed(&found[i]) &&
        (!best || found[i].oldest_ns < best->oldest_ns))
      best = &found[i];
  return best;
}

static bool is_too_much(const struct keep_found found[PM_JOB_STREAMS],
                        const struct keep_limits *limits) {
  uint64_t bytes = 0, count = 0;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    bytes += found[i].bytes;
    count += found[i].count;
  }
  return bytes > limits->bytes || count > limits->segments;
}

uint64_t keep_retain_next(const struct keep_found found[PM_JOB_STREAMS],
                          const struct keep_limits *limits) {
  const struct keep_found *f = oldest(found);
  return f && limits->age_ns ? f->oldest_ns + limits->age_ns : UINT64_MAX;
}

bool keep_retain_choose(const struct keep_found found[PM_JOB_STREAMS],
                        const struct keep_limits *limits, uint64_t real_ns,
                        bool force, struct pm_job_state_record *ret) {
  for (uint32_t i = 0; i < PM_JOB_STREAMS; i++)
    if (has_orphan(&found[i])) {
      ret->step = PM_JOB_UNLINK_INDEX;
      ret->step_stream = i;
      ret->step_segment = found[i].lowest_index;
      return true;
    }
  const struct keep_found *f = oldest(found);
  if (!f || !(force || is_too_much(found, limits) ||
              real_ns >= keep_retain_next(found, limits)))
    return false;
  ret->step = PM_JOB_UNLINK_SEGMENT;
  ret->step_stream = (uint32_t)(f - found);
  ret->step_segment = f->lowest;
  return true;
}

int keep_retain_step(int dir, struct pm_job_state_record *state) {
  unsigned stream = state->step_stream % PM_JOB_STREAMS;
  bool data = state->step == PM_JOB_UNLINK_SEGMENT;
  int status =
      state->step == PM_JOB_NO_STEP
          ? 0
          : keep_segment_unlink(dir, stream, state->step_segment,
                                data ? KEEP_SEGMENT_DATA : KEEP_SEGMENT_INDEX);
  if (status < 0)
    return status;
  state->step = data ? PM_JOB_UNLINK_INDEX : PM_JOB_NO_STEP;
  return 0;
}
