/* Starts and ends of processes, told one by one to who watches them. */
#ifndef PM_CORE_CYCLE_EVENTS_H
#define PM_CORE_CYCLE_EVENTS_H

#include "core/cycle/cycle_state.h"

/* Each tells nothing where nobody listens. */
void pm_events_start(struct pm_cycle *cycle, const struct pm_entry *entry);

/* It ended at end_ns after boot, and `last` knows how. */
void pm_events_exit(struct pm_cycle *cycle, const struct pm_entry *entry,
                    const struct pm_task *last, uint64_t end_ns);

/* It is no longer there, and nobody can say how it ended. */
void pm_events_vanished(struct pm_cycle *cycle, const struct pm_entry *entry);

#endif
