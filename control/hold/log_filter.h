/* Which lines of a job's log are wanted.  Pure. */
#ifndef PM_HOLD_LOG_FILTER_H
#define PM_HOLD_LOG_FILTER_H

#include "hold/log_file.h"
#include "hold/log_index.h"

/* Times: CLOCK_REALTIME; 0: any. */
struct hold_log_filter {
  const struct hold_log_match *match;
  uint64_t since_ns; /* not what came before */
  uint64_t until_ns; /* it ends at the first line that came then or later */
};

/* What came at an unknown time is neither. */
static inline bool hold_log_is_too_old(const struct hold_log_filter *f,
                                       const struct hold_log_stamp *stamp) {
  return stamp->real_ns && stamp->real_ns < f->since_ns;
}

static inline bool hold_log_is_over(const struct hold_log_filter *f,
                                    const struct hold_log_stamp *stamp) {
  return f->until_ns && stamp->real_ns >= f->until_ns;
}

bool hold_log_matches(const struct hold_log_filter *filter, const char *text,
                      size_t length);

#endif
