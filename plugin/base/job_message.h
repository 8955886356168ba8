/* What a holder and collectd say to each other over the socket `ctl`, a
 * message a packet: requests and their replies, and the state record at connect
 * and at each change.  And the records of the index beside a segment of a log.
 * Ownership: plain data.  Native byte order. */
#ifndef PM_BASE_JOB_MESSAGE_H
#define PM_BASE_JOB_MESSAGE_H

#include "base/job_record.h"

enum pm_job_verb {
  PM_JOB_ASK_STATUS = 1,
  PM_JOB_ASK_STOP,   /* SIGTERM, after timeout_ns SIGKILL; no restart */
  PM_JOB_ASK_SIGNAL, /* to the workload itself, nothing else */
  PM_JOB_ASK_RESTART,
  PM_JOB_ASK_REMOVE, /* stop; what is written from now on goes nowhere */
};

struct pm_job_request {
  struct pm_job_head head;
  uint64_t seq; /* copied to the reply */
  uint32_t verb;
  int32_t signal;
  uint64_t timeout_ns; /* of STOP, RESTART and REMOVE; 0: the job's own */
};

struct pm_job_reply {
  struct pm_job_head head;
  uint64_t seq;
  int32_t
      error; /* errno value, 0 = accepted; what comes of it shows in states */
  uint32_t zero;
};

/* ---- the index of a segment ---- */

enum pm_job_index_flag {
  PM_JOB_INDEX_RECOVERED = 1, /* stored before real_ns; nobody knows when */
  PM_JOB_INDEX_PARTIAL = 2,   /* its line goes on in the next segment, or began
                                 in the one before */
  PM_JOB_INDEX_DROPPED = 4,   /* something was dropped before its bytes */
};

struct pm_job_index_record {
  struct pm_job_head head;
  uint64_t offset, real_ns;
  uint32_t length, flags;
};

#endif
