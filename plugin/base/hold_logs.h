/* Records between procman.so and procman-hold logs: one request
 * (hold_protocol.h), then messages until END or FAILED.  The helper waits while
 * nobody takes them. */
#ifndef PM_BASE_HOLD_LOGS_H
#define PM_BASE_HOLD_LOGS_H

#include "base/hold_protocol.h"

enum { PM_HOLD_LOGS_STDOUT = 1, PM_HOLD_LOGS_STDERR = 2 }; /* a mask */

enum pm_hold_logs_flags {
  PM_HOLD_LOGS_FOLLOW = 1,
  PM_HOLD_LOGS_DETAIL = 2,     /* lines as objects */
  PM_HOLD_LOGS_FROM_START = 4, /* the first lines, not the last ones */
};

/* Behind it: the groups of `as`, the cursor, the text to look for, the folder
 * of the job (StateDir/jobs/ID, absolute).  With a job there are no pid, birth
 * and `as`, all of them 0: its `spec` says as whom its log is read, and who may
 * is for the sender to know. */
struct pm_hold_logs_request {
  uint32_t schema;
  int32_t pid;
  uint64_t birth; /* start time of that pid, stat field 22 */
  uint64_t max_lines;
  uint32_t streams, flags;
  uint32_t cursor_length, grep_length; /* bytes, <= PM_HOLD_LOGS_TEXT */
  uint32_t job_length;                 /* likewise; 0: not of a job */
  uint32_t zero;
  /* CLOCK_REALTIME, 0: any.  Of a job only: lines that were whole then or
   * later, and up to the first that was whole at until_ns or later; there a
   * follower ends, too, with the reason "until" */
  uint64_t since_ns, until_ns;
  struct pm_hold_identity as;
};

enum {
  PM_HOLD_LOGS_TEXT = 1024,
  PM_HOLD_LOGS_LINE = 66 << 10,    /* bytes of a line as JSON, at most */
  PM_HOLD_LOGS_MESSAGE = 84 << 10, /* of a message */
};

enum pm_hold_logs_kind {
  PM_HOLD_LOGS_SOURCE = 1, /* text: where the lines come from, NUL, which cannot
                            * be had and why, NUL; the first message */
  PM_HOLD_LOGS_LINES,  /* text: `count` values of JSON with commas between */
  PM_HOLD_LOGS_END,    /* text: the cursor, NUL, why it ended or why the
                        * lines are not complete, NUL */
  PM_HOLD_LOGS_FAILED, /* text: what is wrong, in words */
};

/* Why there are no lines. */
enum pm_hold_logs_failure {
  PM_HOLD_LOGS_IDENTITY,    /* the ids could not be taken on: stage */
  PM_HOLD_LOGS_GONE,        /* the process has ended; there is no such job */
  PM_HOLD_LOGS_OTHER,       /* the pid is another process's */
  PM_HOLD_LOGS_DENIED,      /* the kernel does not let this user */
  PM_HOLD_LOGS_UNAVAILABLE, /* what it prints is not kept */
  PM_HOLD_LOGS_ARGUMENT,    /* a cursor that is none of ours; times */
  PM_HOLD_LOGS_BROKEN,      /* anything else: error */
};

struct pm_hold_logs_message {
  uint32_t schema;
  uint32_t kind;   /* enum pm_hold_logs_kind */
  uint32_t length; /* bytes of text behind this */
  uint32_t count;
  uint32_t complete; /* END */
  uint32_t failure;  /* FAILED: enum pm_hold_logs_failure */
  uint32_t stage;    /* enum pm_hold_stage */
  int32_t error;     /* errno value */
};

#endif
