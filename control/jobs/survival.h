/* Does a job outlive collectd's restart?  For the control thread only. */
#ifndef PM_JOBS_SURVIVAL_H
#define PM_JOBS_SURVIVAL_H

#include <stdbool.h>
#include <sys/types.h>

/* By its holder: where systemd runs, a stop of a unit ends whatever is in the
 * unit's control group (KillMode=control-group, systemd.kill(5)); elsewhere
 * nothing ends a process that has a session of its own.  What cannot be read is
 * no promise. */
bool pm_job_survives(pid_t holder);

#endif
