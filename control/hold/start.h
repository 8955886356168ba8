/* procman-hold start: makes the folders of a job and starts its holder, as root
 * or whoever collectd is; the holder takes on the job's ids
 * (base/hold_start.h). */
#ifndef PM_HOLD_START_H
#define PM_HOLD_START_H

int hold_start(int argc, char **argv);

#endif
