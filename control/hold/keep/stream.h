/* One stream of the workload: moves what is in its FIFO to segments, by
 * splice(2), which consumes exactly what it has stored, so that a kill at any
 * instant loses and doubles nothing.  Segments end where lines do. */
#ifndef PM_KEEP_STREAM_H
#define PM_KEEP_STREAM_H

#include "base/job_spec.h"
#include "base/job_state.h"
#include "base/now.h"

#include "hold/keep/index.h"

#include <stdbool.h>

/* What the streams of a job have in common. */
struct keep_log {
  int dir;        /* -1: it could not be opened yet */
  int null;       /* /dev/null, for writing */
  int scratch[2]; /* a pipe to look ahead in */
  uint64_t segment_bytes;
  enum pm_job_on_full on_full;
};

struct keep_stream {
  unsigned number; /* 0: stdout */
  int from;        /* the FIFO, not blocking; -1: at its end */
  int to;          /* the segment; -1: the next one is still to be made */
  uint64_t segment, size;
  struct keep_index index;
  bool found;   /* it is known which segments there are */
  bool partial; /* the next bytes go on with a line of the segment before */
  bool dropped; /* something before them was dropped */
  bool discard; /* all goes nowhere */
  bool cut;     /* a segment was closed, so that retention has to look */
  uint64_t blocked_since, retry_at; /* CLOCK_BOOTTIME; 0: it is not blocked */
  struct pm_job_stream *said;       /* what is published (borrowed) */
};

enum keep_pumped { KEEP_EMPTY, KEEP_MOVED, KEEP_END, KEEP_BLOCKED };

/* Moves one piece.  BLOCKED: it could not be stored, and stays in the FIFO
 * until retry_at, or is dropped from the next call on, as the log says. */
enum keep_pumped keep_stream_pump(struct keep_stream *stream,
                                  const struct keep_log *log,
                                  const struct pm_now *now);

/* Is there something to be done when the FIFO has data? */
bool keep_stream_listens(const struct keep_stream *stream,
                         const struct keep_log *log);

/* Adds the blocked time up to now to what is published. */
void keep_stream_account(struct keep_stream *stream, const struct pm_now *now);

/* Leaves the segment, as after the log's folder was lost. */
void keep_stream_leave(struct keep_stream *stream);

#endif
