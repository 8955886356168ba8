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

/* The group that the socket gets. */
struct pm_control_group {
  bool known;
  uint32_t gid; /* UINT32_MAX: it is left as it is */
};

struct pm_environment {
  const struct pm_control_options *options;
  struct pm_control_group group;
  struct pm_exchange *exchange;
  const char *proc_path, *sys_path;
  const char *helper; /* path of procman-hold */
  const char *host, *sampler;
  bool exits;          /* every exit is known, with its status */
  pm_control_log *log; /* may be called from any thread */
};

#endif
