/* Messages with lines, for collectd to copy into its answer: it waits while
 * they are not taken. */
#ifndef PM_HOLD_LOG_WRITER_H
#define PM_HOLD_LOG_WRITER_H

#include "base/buf.h"
#include "base/hold_logs.h"

#include <stdbool.h>

struct hold_log_writer {
  bool detail; /* lines are objects */
  struct pm_buf json;
  unsigned count; /* lines in it */
  bool hung_up;   /* nobody takes messages any more */
};

struct hold_log_line {
  const char *text;
  size_t length;
  const char *stream; /* NULL: not known */
  bool more;          /* the line goes on in the next one */
  uint64_t time_us;   /* CLOCK_REALTIME; 0: not known */
  bool is_latest;     /* it came then, or at any time before */
};

void hold_log_writer_init(struct hold_log_writer *writer, bool detail);
void hold_log_writer_done(struct hold_log_writer *writer);

/* In several pieces, each marked as partial but the last, if it is too long as
 * JSON.  -ENOMEM, -EPIPE. */
int hold_log_put(struct hold_log_writer *writer,
                 const struct hold_log_line *line);
/* Sends what has been put.  -EPIPE. */
int hold_log_flush(struct hold_log_writer *writer);

int hold_log_send_source(struct hold_log_writer *writer, const char *source,
                         const char *missing);
int hold_log_send_end(struct hold_log_writer *writer, const char *cursor,
                      const char *reason, bool complete);
/* The ids could not be taken on. */
int hold_log_send_refusal(struct hold_log_writer *writer,
                          enum pm_hold_stage stage, int num);
int hold_log_send_failure(struct hold_log_writer *writer,
                          enum pm_hold_logs_failure failure, int num,
                          const char *text);

#endif
