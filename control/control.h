/* The control module: a thread that serves a Unix socket.  It sees snapshots,
 * never the sampler or the cycle, and blocks on nothing.  Called by
 * plugin/procman.c. */
#ifndef PM_CONTROL_H
#define PM_CONTROL_H

#include "server/environment.h"

#include "base/err.h"

struct pm_control;

/* Looks the group up, which may take its time: not while metrics are read.
 * -ENOENT: there is no such group. */
int pm_control_find_group(const struct pm_control_options *options,
                          struct pm_control_group *ret, struct pm_err *err);

/* Binds the socket, for the environment's group, and starts the thread, with
 * all signals blocked.  -errno. */
int pm_control_start(const struct pm_environment *environment,
                     struct pm_control **ret, struct pm_err *err);
/* Joins the thread and frees.  Accepts NULL. */
void pm_control_stop(struct pm_control *control);

/* The path of the socket, and how many clients are connected; any thread. */
const char *pm_control_path(const struct pm_control *control);
unsigned pm_control_clients(const struct pm_control *control);

#endif
