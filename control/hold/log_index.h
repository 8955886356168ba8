/* When the bytes of a segment came: the index that the job's holder writes
 * beside it (hold/keep/index.h), read while it grows.  It is the user's file:
 * whatever is in it, nothing worse comes of it than wrong times. */
#ifndef PM_HOLD_LOG_INDEX_H
#define PM_HOLD_LOG_INDEX_H

#include "base/job_message.h"

#include <stdbool.h>
#include <stddef.h>

enum { HOLD_LOG_INDEX_WINDOW = 1024 /* records that are read at once */ };

struct hold_log_index {
  int fd;               /* -1: there is none */
  bool is_broken;       /* it is no index, so that nothing is known */
  uint64_t count;       /* records, as last looked */
  uint64_t end, end_ns; /* bytes that they cover, and when the last came */
  bool has;             /* record is one of them: */
  uint64_t number;
  struct pm_job_index_record record;
  uint64_t first; /* record of the window */
  size_t held;    /* records in it */
  char window[HOLD_LOG_INDEX_WINDOW * sizeof(struct pm_job_index_record)];
};

struct hold_log_stamp {
  uint64_t real_ns; /* CLOCK_REALTIME; 0: not known */
  bool is_latest;   /* it came then or at any time before */
};

/* Takes fd; -1: none. */
void hold_log_index_open(struct hold_log_index *index, int fd);
void hold_log_index_close(struct hold_log_index *index);

/* Looks how far it goes now.  A torn end does not count. */
void hold_log_index_refresh(struct hold_log_index *index);

/* Of a byte.  Of one that is not covered yet, changed_ns of its segment is the
 * latest. */
struct hold_log_stamp hold_log_index_stamp(struct hold_log_index *index,
                                           uint64_t offset,
                                           uint64_t changed_ns);

/* Before which byte of [from, to] was something dropped?  The first of them, or
 * the last; UINT64_MAX: none. */
uint64_t hold_log_index_first_drop(struct hold_log_index *index, uint64_t from,
                                   uint64_t to);
uint64_t hold_log_index_last_drop(struct hold_log_index *index, uint64_t from,
                                  uint64_t to);

/* Did all of the segment come before that time, or at it and after it?  Only
 * what is known for sure. */
bool hold_log_index_is_before(struct hold_log_index *index, uint64_t real_ns);
bool hold_log_index_is_from(struct hold_log_index *index, uint64_t real_ns);

#endif
