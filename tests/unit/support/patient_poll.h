/* poll(2) that waits two hundred times as long as it is asked to, so that a
 * loaded machine does not turn a slow answer into a failed test.  Link with
 * -Wl,--wrap=poll. */
#ifndef PM_UNIT_SUPPORT_PATIENT_POLL_H
#define PM_UNIT_SUPPORT_PATIENT_POLL_H

#include <stdbool.h>

/* Set while a time-out is what the test wants to see. */
extern bool patient_poll_no_more;

#endif
