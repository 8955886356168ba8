/* Reads what the sampler does not know process by process, but only of those
 * whose group is emitted.  Owns cycle->details, and details_turn of an entry,
 * which assign.c resets.  For the files of this folder. */
#ifndef PM_CORE_CYCLE_DETAILS_H
#define PM_CORE_CYCLE_DETAILS_H

#include "core/cycle/cycle_state.h"

/* PM_BIT of what can be read like this. */
#define PM_DETAILS_FIELDS (PM_HAVE_IO | PM_HAVE_FDS | PM_HAVE_MEMORY)

void pm_details_read(struct pm_cycle *cycle);

#endif
