/* The folder of a log: segments out.000001 …, err.000001 …, numbered without
 * end, and beside each its .index.  The highest number is the current one. None
 * is renamed or cut; the oldest are unlinked.  It belongs to the job's user, so
 * it is used with that user's ids only. */
#ifndef PM_KEEP_SEGMENT_H
#define PM_KEEP_SEGMENT_H

#include "base/job_state.h"

#include <stdbool.h>

/* What exists of one stream. */
struct keep_found {
  uint64_t lowest, highest, count; /* segments; 0: none */
  uint64_t bytes;                  /* of them and of their indexes */
  uint64_t lowest_index;           /* 0: none */
  uint64_t oldest_ns; /* CLOCK_REALTIME: the last change of lowest */
};

/* dir: open for reading.  -errno. */
int keep_segment_scan(int dir, struct keep_found ret[PM_JOB_STREAMS]);

enum keep_segment_file { KEEP_SEGMENT_DATA, KEEP_SEGMENT_INDEX };

/* For reading and writing; a regular file, no link followed.  `create`: it must
 * not exist yet; an index may.  -errno, -EINVAL for what is no regular file. */
int keep_segment_open(int dir, unsigned stream, uint64_t number,
                      enum keep_segment_file file, bool create);
/* One that is gone is no error. */
int keep_segment_unlink(int dir, unsigned stream, uint64_t number,
                        enum keep_segment_file file);

#endif
