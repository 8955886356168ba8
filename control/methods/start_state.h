/* A start_process that is under way, for the files of it: start_process.c does
 * it, start_check.c says whether it may be. */
#ifndef PM_METHODS_START_STATE_H
#define PM_METHODS_START_STATE_H

#include "jobs/job.h"
#include "methods/process_view.h"
#include "server/action.h"

#include "base/buf.h"
#include "base/hold_protocol.h"

/* procman-hold makes the folders, starts the holder and waits until the
 * workload has exec'd, or cannot. */
enum pm_start_phase {
  PM_START_QUEUED, /* until the user may act again, and a helper is free */
  PM_START_ASKED,  /* procman-hold is at work */
  PM_START_OVER,
};

struct pm_start {
  enum pm_start_phase phase;
  struct pm_hold_identity as; /* as whom, unless another user was asked for */
  struct pm_buf record;       /* of its spec */
  char id[PM_JOB_ID_MOST + 1];
  char name[PM_JOB_NAME_MOST + 1];
  char command[PM_JOB_NAME_MOST + 1]; /* for a name, and the log */
  char key[PM_JOB_KEY_MOST + 1];
  char user[PM_JOB_USER_MOST + 1]; /* "": as.uid */
  bool named;                      /* by the request */
  bool admitted;
  bool existing; /* it was started by an earlier request with that key */
  struct pm_action *action;
  uint32_t uid; /* that it runs as, for the log */
  int32_t pid;  /* of the process, 0: it is not read */
  uint64_t birth;
  bool has_row; /* it has not ended yet */
  struct pm_process_view process;
};

#endif
