/* Where somebody stopped reading the log of a job, and all such places of a
 * job's streams as a word: a cursor.  Pure. */
#ifndef PM_HOLD_LOG_PLACE_H
#define PM_HOLD_LOG_PLACE_H

#include "base/job_state.h"

#include <stddef.h>

/* What is next there. */
enum hold_log_next {
  HOLD_LOG_LINE,    /* a line */
  HOLD_LOG_TAKEN,   /* the rest of one whose beginning was given */
  HOLD_LOG_SKIPPED, /* the rest of one that is not wanted */
};

struct hold_log_place {
  uint64_t segment, offset; /* 0, 0: before the first */
  enum hold_log_next next;
};

/* It has room for any: */
enum { HOLD_LOG_CURSOR = 128 };

void hold_log_place_write(char ret[HOLD_LOG_CURSOR], const char *job,
                          const struct hold_log_place at[PM_JOB_STREAMS]);
/* -EINVAL: that is no cursor of that job's. */
int hold_log_place_read(const char *cursor, const char *job,
                        struct hold_log_place ret[PM_JOB_STREAMS]);

#endif
