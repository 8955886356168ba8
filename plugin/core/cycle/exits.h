/* The end of a process: its last charges, how it ended, its reaped I/O.  Owns
 * cycle->exits; writes life, limbo_until and PM_ENTRY_EXIT_REPORTED of an
 * entry.  For the files of this folder. */
#ifndef PM_CORE_CYCLE_EXITS_H
#define PM_CORE_CYCLE_EXITS_H

#include "core/cycle/cycle_state.h"

/* Counts how it ended and reports that to the watchers.  Once for each process:
 * as a zombie, or when it is gone. */
void pm_exits_report(struct pm_cycle *cycle, struct pm_entry *entry,
                     const struct pm_task *task, uint64_t end_ns);

/* The records of a drain; arg is the cycle. */
void pm_exits_on_deaths(void *arg, const struct pm_death *batch, size_t n);

/* Called for every entry; acts on those that were not in the last scan.  Where
 * the sampler reports deaths, they wait in limbo for their record. */
void pm_exits_on_missing(void *arg, struct pm_entry *entry);

#endif
