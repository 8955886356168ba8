/* Makes a snapshot of what the last turn saw.  Only with the option `control`:
 * who asks at the socket has no other sight of the table. */
#ifndef PM_CORE_CYCLE_SNAPSHOT_BUILD_H
#define PM_CORE_CYCLE_SNAPSHOT_BUILD_H

#include "core/cycle/cycle_state.h"

struct pm_snapshot;

void pm_snapshot_build_done(struct pm_cycle *cycle);

/* Nothing of this turn was seen yet. */
void pm_snapshot_build_begin(struct pm_cycle *cycle);

/* The scan found that process; before its numbers are charged. */
void pm_snapshot_build_note(struct pm_cycle *cycle, struct pm_entry *entry,
                            const struct pm_task *task);

int pm_snapshot_build(struct pm_cycle *cycle, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err);

#endif
