/* What a command acts on: a process, or a job. */
#ifndef PM_CLI_TARGET_H
#define PM_CLI_TARGET_H

#include "cli/params.h"

struct ctl_target {
  const char *job;    /* an id or a name, borrowed; NULL: a process */
  int64_t pid, start; /* start -1: not known */
};

/* PID, PID@START, or else a JOB.  Returns false after printing an error if it
 * is none of them. */
bool ctl_target_read(const char *text, struct ctl_target *ret);
void ctl_target_put(const struct ctl_target *target, struct ctl_params *params);

#endif
