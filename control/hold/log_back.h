/* The lines of one stream of a job from its end backwards: only to find where
 * the last ones begin, which are then read forwards (log_stream.h). */
#ifndef PM_HOLD_LOG_BACK_H
#define PM_HOLD_LOG_BACK_H

#include "hold/log_index.h"
#include "hold/log_place.h"

struct hold_log_back {
  int dir; /* borrowed */
  unsigned number;
  struct hold_log_place at; /* what ends there is next */
  unsigned gaps;            /* enum hold_log_gap */
  bool is_first;            /* nothing was removed before what was read */
  uint64_t searched;        /* bytes */
  int fd;                   /* the segment; -1: there is none */
  uint64_t changed_ns;
  struct hold_log_index index;
  char *buffer;
  uint64_t from; /* in the segment: what is in the buffer, */
  size_t held;   /* so many bytes */
};

struct hold_log_back_line {
  struct hold_log_place at; /* its start */
  const char *text;         /* of its beginning, as its first piece */
  size_t length;
  bool more; /* it is longer than that */
  struct hold_log_stamp stamp;
};

/* At the end of the log, or, unless `ended`, of its last line feed.  0; -errno.
 */
int hold_log_back_init(struct hold_log_back *back, int dir, unsigned number,
                       bool ended);
void hold_log_back_done(struct hold_log_back *back);

/* 1: the line before, valid until the next call; 0: there is none, or it was
 * searched far enough; -errno. */
int hold_log_back_next(struct hold_log_back *back,
                       struct hold_log_back_line *ret);

/* Passes over segments that began at that time or later, and sets the place to
 * the start of the last of them. */
void hold_log_back_skip(struct hold_log_back *back, uint64_t real_ns,
                        struct hold_log_place *ret_place);

#endif
