/* Which group a process belongs to, and for how long: says how much of
 * the process the rules need, classifies it, and moves it.
 *
 * Writes group, job, exec_mark, comm, uid, ptrace_gid and
 * details_turn of an entry, and drops its command line and rss_lacks
 * after an exec.  Reads
 * cycle->turn. */
#ifndef PM_CORE_CYCLE_ASSIGN_H
#define PM_CORE_CYCLE_ASSIGN_H

#include "core/cycle/cycle_state.h"
#include "core/procfs/detail.h"

/* May it belong to another group by now? */
bool pm_assign_is_due(struct pm_cycle *cycle, const struct pm_entry *entry,
                      const struct pm_task *task);

/* The files of it that the rules need, of enum pm_want. */
unsigned pm_assign_wants(const struct pm_cycle *cycle,
                         const struct pm_task *task);

/* Moves it to the group that it belongs to, by what was read of it.  -ENOMEM:
 * the entry is as it was. */
int pm_assign_group(struct pm_cycle *cycle, struct pm_entry *entry,
                    const struct pm_task *task, const struct pm_detail *read);

/* The group of a process that has ended, by its final numbers and a relative's
 * group.  NULL: no memory. */
struct pm_group *pm_assign_ended(struct pm_cycle *cycle,
                                 const struct pm_task *last,
                                 const struct pm_relative *relative);

void pm_assign_move(struct pm_entry *entry, struct pm_group *to);

/* Takes it out of its group. */
void pm_assign_leave(struct pm_entry *entry);

#endif
