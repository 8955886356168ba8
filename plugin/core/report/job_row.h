/* A process that was started through the control socket, as a row of series:
 * what the control thread tells the tick.  Plain data. */
#ifndef PM_CORE_REPORT_JOB_ROW_H
#define PM_CORE_REPORT_JOB_ROW_H

#include "core/identity/name.h"

struct pm_job_row {
  char name[PM_NAME];
  double up;                     /* 1: it runs, or is about to */
  double restarts;               /* counter */
  double log_bytes, log_dropped; /* counters */
  double log_blocked;            /* seconds: it waited for the disk; counter */
};

#endif
