/* The control module: a thread that serves a Unix socket.  Sees snapshots,
 * never the sampler or the cycle; blocks on nobody.  plugin/procman.c's. */
#ifndef PM_CONTROL_H
#define PM_CONTROL_H

#include "policy/allow.h"
#include "policy/audit.h"

#include "base/err.h"

struct pm_exchange;

/* <Control>; filled by the configuration. */
struct pm_control_options {
  bool enabled;
  char *socket; /* NULL: /run/procman/control.sock; below $XDG_RUNTIME_DIR for
                   who is not root */
  char *group;  /* NULL: "procman" if there is such a group */
  uint32_t perms;
  struct pm_allow_options allow;
};

/* What collectd and the tick tell.  All is borrowed for the control's life. */
struct pm_environment {
  const struct pm_control_options *options;
  struct pm_exchange *feed;
  const char *proc_path, *sys_path;
  const char *helper; /* path of procman-hold */
  const char *host, *sampler;
  bool exits;          /* every exit is known, with its status */
  pm_control_log *log; /* any thread */
};

struct pm_control;

/* Binds the socket and starts the thread, all signals blocked.  -errno. */
int pm_control_start(const struct pm_environment *environment,
                     struct pm_control **ret, struct pm_err *err);
/* Joins and frees.  Accepts NULL. */
void pm_control_stop(struct pm_control *control);

/* Where it listens, and how many are connected; any thread. */
const char *pm_control_path(const struct pm_control *control);
unsigned pm_control_clients(const struct pm_control *control);

#endif
