/* One turn: drain, scan, details.  Owns cycle->turn; its members are read by
 * every file of this folder.  Writes of an entry what the scan found: ppid,
 * state, seen, life, reaped_faults, reaped_now, gauges, PM_ENTRY_FRESH,
 * VERIFIED, UNREADABLE and, of zombies in the first scan, EXIT_REPORTED; resets
 * PM_ENTRY_MOVED, which charge.c sets. */
#ifndef PM_CORE_CYCLE_TURN_H
#define PM_CORE_CYCLE_TURN_H

#include "core/cycle/cycle_state.h"

/* As pm_cycle_drain and pm_cycle_turn. */
int pm_drain(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);
int pm_turn(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);

#endif
