/* The children of a test program: stopped for certain, and never waited for
 * without an end, for a test that hangs tells nobody why. */
#ifndef PM_UNIT_SUPPORT_CHILDREN_H
#define PM_UNIT_SUPPORT_CHILDREN_H

#include <stdbool.h>

/* SIGSTOP, and until it has stopped: a signal to a process that runs on another
 * CPU arrives only after a while.  False: it has ended, or is no child. */
bool child_stop(int pidfd);

/* Waits for all of them, for a minute.  False: some live, and are killed. */
bool children_have_ended(void);

#endif
