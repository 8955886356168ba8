/* The lines of all streams of a job in the order of their times; those of one
 * stream in their own. */
#ifndef PM_HOLD_LOG_MERGE_H
#define PM_HOLD_LOG_MERGE_H

#include "hold/log_filter.h"
#include "hold/log_stream.h"

struct hold_log_merge {
  struct hold_log_stream *stream[PM_JOB_STREAMS]; /* borrowed; NULL: not one */
  const struct hold_log_filter *filter;
  struct hold_log_head {
    bool has, is_at_end;
    struct hold_log_piece piece;
    uint64_t key; /* its time, or that of the one before it */
  } head[PM_JOB_STREAMS];
};

/* Streams that had nothing more are looked at again by what follows. */
void hold_log_merge_refresh(struct hold_log_merge *merge);

/* 1: the next piece is the head of that stream, valid until it is taken; 0:
 * there is none, at present; -errno. */
int hold_log_merge_next(struct hold_log_merge *merge, unsigned *ret);
/* Goes on behind it. */
void hold_log_merge_take(struct hold_log_merge *merge, unsigned number,
                         bool is_wanted);

#endif
