/* As whom a new job runs and with what it begins: completes a spec with what
 * the user database says of its user, and with the limits of whoever asked for
 * it, which are not those of collectd. */
#ifndef PM_HOLD_RUN_AS_H
#define PM_HOLD_RUN_AS_H

#include "base/job_spec.h"

#include <stdbool.h>
#include <sys/types.h>

struct hold_run_as {
  const char *user;    /* name or number; "": the ids of the spec stand */
  bool anybody;        /* it may be any user */
  const uint32_t *may; /* otherwise one of these */
  size_t may_count;
  pid_t peer; /* whose limits count */
  int pidfd;  /* of it */
};

/* -ENOENT: there is no such user; -EPERM: it may not be that one; -errno.
 * What the spec points to afterwards lives as long as the process. */
int hold_run_as_user(const struct hold_run_as *as, struct pm_job_spec *spec);

/* The environment of the spec, behind what its user begins with: PATH, HOME,
 * USER, LOGNAME and SHELL.  NULL: no memory. */
char **hold_run_as_environment(struct pm_job_spec *spec);

/* The limits of the peer; where the spec has one, the lower of both.  nice(2),
 * oom_score_adj, and the CPUs, which this process takes on.  -ESRCH: the peer
 * is gone; -errno. */
int hold_run_as_limits(const struct hold_run_as *as, struct pm_job_spec *spec);

/* So that a holder that this process starts can give them to its job. */
void hold_run_as_raise(const struct pm_job_spec *spec);

#endif
