/* Where the last lines of a job begin, in the order of their times. */
#ifndef PM_HOLD_LOG_LAST_H
#define PM_HOLD_LOG_LAST_H

#include "hold/log_filter.h"
#include "hold/log_place.h"

struct hold_log_last {
  int dir;          /* the log's folder */
  unsigned streams; /* a mask: 1 is stdout */
  bool ended;       /* nothing will be added */
  uint64_t lines;
  const struct hold_log_filter *filter;
};

/* Sets the places of those streams; adds what is missing to *gaps (enum
 * hold_log_gap).  0; -errno. */
int hold_log_last_find(const struct hold_log_last *last,
                       struct hold_log_place ret[PM_JOB_STREAMS],
                       unsigned *gaps);

#endif
