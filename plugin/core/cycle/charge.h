/* The one place where a counter becomes somebody's.  For a cycle's own files.
 */
#ifndef PM_CORE_CYCLE_CHARGE_H
#define PM_CORE_CYCLE_CHARGE_H

#include "core/cycle/cycle_state.h"

/* A counter without a base gets one: 0 with from_zero, for a process born
 * under our eyes, its present value for any other. */
void pm_charge_base(struct pm_entry *entry, const struct pm_task *task,
                    bool from_zero);

/* Charges what grew since the last time.  Counters of (pid, birth) only grow,
 * and the same record twice adds nothing. */
void pm_charge_growth(struct pm_cycle *cycle, struct pm_entry *entry,
                      const struct pm_task *task);

/* Threads that end take their waiting time along: if the sum has fallen, it
 * grows from there. */
void pm_charge_lower_delay(struct pm_entry *entry, const struct pm_task *task);

#endif
