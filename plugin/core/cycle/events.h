/* Starts and ends of processes, reported one by one to the watcher of
 * pm_cycle_watch_events.  Reads cycle->events, which cycle.c sets.  The
 * watcher is called on the tick's thread. */
#ifndef PM_CORE_CYCLE_EVENTS_H
#define PM_CORE_CYCLE_EVENTS_H

#include "core/cycle/cycle_state.h"

/* Each does nothing without a watcher. */
void pm_events_start(struct pm_cycle *cycle, const struct pm_entry *entry);

/* It ended at end_ns after boot, as `last` has it. */
void pm_events_exit(struct pm_cycle *cycle, const struct pm_entry *entry,
                    const struct pm_task *last, uint64_t end_ns);

/* It is gone, and how it ended is not known. */
void pm_events_vanished(struct pm_cycle *cycle, const struct pm_entry *entry);

#endif
