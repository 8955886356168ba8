/* The end of a process: what it still owes, how it ended, what it leaves.  For
 * a cycle's own files. */
#ifndef PM_CORE_CYCLE_EXITS_H
#define PM_CORE_CYCLE_EXITS_H

#include "core/cycle/cycle_state.h"

/* Counts how it ended and keeps the fact for whoever asked to be told.  Once a
 * process: as a zombie, or when it is gone. */
void pm_exits_report(struct pm_cycle *cycle, struct pm_entry *entry,
                     const struct pm_task *task, uint64_t end_ns);

/* The records of a drain; arg is the cycle. */
void pm_exits_on_deaths(void *arg, const struct pm_death *batch, size_t n);

/* Not in the last scan; called for every entry.  With records of deaths it
 * waits in limbo for its own. */
void pm_exits_on_missing(void *arg, struct pm_entry *entry);

#endif
