/* What the sampler does not know is read process by process, but only of those
 * whose group is emitted.  For a cycle's own files. */
#ifndef PM_CORE_LOOK_H
#define PM_CORE_LOOK_H

#include "core/cycle_state.h"

void pm_look_around(struct pm_cycle *cycle);

#endif
