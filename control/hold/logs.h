/* procman-hold logs: what a process that procman did not start has printed, as
 * far as the caller may read it (base/hold_logs.h). */
#ifndef PM_HOLD_LOGS_H
#define PM_HOLD_LOGS_H

int hold_logs(int argc, char **argv);

#endif
