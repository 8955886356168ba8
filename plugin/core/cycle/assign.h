/* To which group a process belongs, and for how long: reads as much of the
 * process as the rules ask for, has it classified, and moves it.
 *
 * Writes e->group, assigned_turn, exec_mark, comm, uid, ptrace_gid,
 * PM_ENTRY_OWNER and PM_ENTRY_ASK_AGAIN of an entry.  Reads the cycle's turn.
 */
#ifndef PM_CORE_CYCLE_ASSIGN_H
#define PM_CORE_CYCLE_ASSIGN_H

#include "core/cycle/cycle_state.h"
#include "core/procfs/detail.h"

/* Has it become something else, or may it have? */
bool pm_assign_is_due(const struct pm_cycle *cycle,
                      const struct pm_entry *entry, const struct pm_task *task);

/* Puts it where it belongs.  *ret_read is what was read for that, nothing of it
 * if nothing was needed.  -ENOMEM: the entry is as it was. */
int pm_assign_group(struct pm_cycle *cycle, struct pm_entry *entry,
                    const struct pm_task *task, struct pm_detail *ret_read);

/* The group of a process that has ended, by its last record and a relative's
 * group.  NULL: no memory. */
struct pm_group *pm_assign_ended(struct pm_cycle *cycle,
                                 const struct pm_task *last,
                                 const struct pm_relative *relative);

void pm_assign_move(struct pm_entry *entry, struct pm_group *to);

/* Its group has one member less. */
void pm_assign_leave(struct pm_entry *entry);

#endif
