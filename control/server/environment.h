/* What the control half is told by collectd's side: its configuration, where
 * things are, and how to log.  All of it is borrowed for the server's life. */
#ifndef PM_SERVER_ENVIRONMENT_H
#define PM_SERVER_ENVIRONMENT_H

#include "policy/allow.h"
#include "policy/audit.h"

#include <stdbool.h>
#include <stdint.h>

struct pm_exchange;

/* <Control>; filled by the configuration. */
struct pm_control_options {
  bool enabled;
  char *socket; /* NULL: /run/procman/control.sock; for a collectd that is not
                   root, below $XDG_RUNTIME_DIR */
  char *group;  /* NULL: "procman" if there is such a group */
  uint32_t perms;
  struct pm_allow_options allow;
};

/* <Jobs>; filled by the configuration. */
struct pm_jobs_options {
  bool given;
  char *state_dir; /* NULL: the folder of the socket */
  char *log_dir;   /* NULL: below state_dir; of /run/procman, /var/log/procman
                    */
  char *keep;      /* path of procman-keep */
  uint32_t most, most_of_user; /* jobs that are kept, also those that ended */
  uint64_t log_bytes;          /* of one job */
  uint64_t log_bytes_of_user;  /* of all jobs that he has started */
  uint32_t log_segments;
  uint32_t on_full;        /* enum pm_job_on_full */
  uint32_t groups;         /* jobs that have series */
  uint32_t names_per_hour; /* new ones among these */
};

/* The group that the socket gets. */
struct pm_control_group {
  bool known;
  uint32_t gid; /* UINT32_MAX: it is left as it is */
};

struct pm_environment {
  const struct pm_control_options *options;
  const struct pm_jobs_options *jobs;
  struct pm_control_group group;
  struct pm_exchange *exchange;
  const char *proc_path, *sys_path;
  const char *helper; /* path of procman-hold */
  const char *host, *sampler;
  bool exits;          /* every exit is known, with its status */
  pm_control_log *log; /* may be called from any thread */
};

#endif
