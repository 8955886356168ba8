/* One turn of the cycle: scan, sweep, look; and what is drained before. */
#ifndef PM_CORE_CYCLE_TURN_H
#define PM_CORE_CYCLE_TURN_H

#include "core/cycle/cycle_state.h"

int pm_drain(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);
int pm_turn(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);

#endif
