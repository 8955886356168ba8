/* Records between procman.so and procman-hold remove: one request
 * (hold_protocol.h) and one answer.  The job's log goes first, as its user;
 * then its folder. */
#ifndef PM_BASE_HOLD_REMOVE_H
#define PM_BASE_HOLD_REMOVE_H

#include "base/hold_protocol.h"

enum pm_hold_remove_text {
  PM_HOLD_REMOVE_JOBS, /* the folder of all jobs' folders, absolute */
  PM_HOLD_REMOVE_LOGS, /* the folder of all logs, absolute */
  PM_HOLD_REMOVE_ID,
  PM_HOLD_REMOVE_TEXTS
};

/* The texts follow. */
struct pm_hold_remove_request {
  uint32_t schema;
  uint32_t lost; /* 1: of another boot, so that it never exited; else it has */
  uint32_t text[PM_HOLD_REMOVE_TEXTS]; /* bytes of each */
};

struct pm_hold_remove_reply {
  uint32_t schema;
  int32_t error; /* errno value, 0 = done; EBUSY: it has a holder, or has not
                    exited */
};

#endif
