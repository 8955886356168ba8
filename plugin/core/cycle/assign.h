/* To which group a process belongs, and for how long.  For a cycle's own
 * files. */
#ifndef PM_CORE_CYCLE_ASSIGN_H
#define PM_CORE_CYCLE_ASSIGN_H

#include "core/cycle/cycle_state.h"

/* Has it become something else, or may it have? */
bool pm_assign_is_due(const struct pm_cycle *cycle,
                      const struct pm_entry *entry, const struct pm_task *task);

/* Looks at it and puts it where it belongs.  Sets cycle->failed without
 * memory. */
void pm_assign_group(struct pm_cycle *cycle, struct pm_entry *entry,
                     const struct pm_task *task);

void pm_assign_move(struct pm_entry *entry, struct pm_group *to);

/* Its group has one member less. */
void pm_assign_leave(struct pm_entry *entry);

#endif
