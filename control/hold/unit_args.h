/* The command line of systemd-run(1) that starts a job's holder as a transient
 * service: PID 1 is its parent then, replaces it when it dies, keeps its
 * descriptors, and does not end it with collectd's own unit.  Pure. */
#ifndef PM_HOLD_UNIT_ARGS_H
#define PM_HOLD_UNIT_ARGS_H

#include "base/job_spec.h"

#include <stdbool.h>
#include <sys/resource.h>

enum { HOLD_UNIT_NAME = 80, HOLD_UNIT_ARGS = 48, HOLD_UNIT_TEXT = 6144 };

#define HOLD_UNIT_SLICE "procman.slice"

struct hold_unit {
  const char *name;   /* of the unit */
  const char *keep;   /* procman-keep, absolute */
  const char *folder; /* of the job */
  const char *cpus;   /* CPUAffinity=; "": as PID 1 has it */
  const struct pm_job_fields *fields;
  const struct rlimit *limits; /* of the holder, RLIM_NLIMITS of them */
};

struct hold_unit_args {
  char *at[HOLD_UNIT_ARGS + 1];
  size_t count, used;
  char text[HOLD_UNIT_TEXT];
};

/* n: 1, or more if the name is in use. */
void hold_unit_name(const char *id, int n, char ret[HOLD_UNIT_NAME]);
bool hold_unit_is_name(const char *text);

/* The manager expands `$` and `%` in a command: such a path cannot be its. */
bool hold_unit_is_plain(const char *path);

/* -E2BIG: there is no room. */
int hold_unit_list_args(const struct hold_unit *u, struct hold_unit_args *ret);

#endif
