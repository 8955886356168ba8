/* The one place where the growth of a counter is charged.  For the files of
 * this folder. */
#ifndef PM_CORE_CYCLE_CHARGE_H
#define PM_CORE_CYCLE_CHARGE_H

#include "core/cycle/cycle_state.h"

/* A counter without a base gets one: 0 with from_zero, for a process born since
 * the first scan; its present value for any other. */
void pm_charge_base(struct pm_entry *entry, const struct pm_task *task,
                    bool from_zero);

/* Charges what is above the bases and raises them; the same record twice adds
 * nothing.  Without I/O while that waits (PM_ENTRY_IO_WAITS). */
void pm_charge_growth(struct pm_cycle *cycle, struct pm_entry *entry,
                      const struct pm_task *task);

/* The sum over threads loses the waiting time of those that end: if it has
 * fallen, it becomes the base. */
void pm_charge_lower_delay(struct pm_entry *entry, const struct pm_task *task);

#endif
