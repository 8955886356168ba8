/* The segments of a job's log, for reading, with the job's ids only: what is in
 * the folder is the user's, who may have put anything there. */
#ifndef PM_HOLD_LOG_SEGMENT_H
#define PM_HOLD_LOG_SEGMENT_H

#include <stdint.h>

enum hold_log_segment_file { HOLD_LOG_SEGMENT_DATA, HOLD_LOG_SEGMENT_INDEX };

/* A descriptor.  No link is followed, and only a regular file is opened:
 * -EINVAL; -ENOENT: it is not there (any more); another -errno. */
int hold_log_segment_open(int dir, unsigned stream, uint64_t number,
                          enum hold_log_segment_file file);

/* Those of a stream that exist, and those next to a number; 0: none. */
struct hold_log_segments {
  uint64_t lowest, highest, before, after;
};

/* dir: open for reading.  -errno. */
int hold_log_segment_look(int dir, unsigned stream, uint64_t number,
                          struct hold_log_segments *ret);

#endif
