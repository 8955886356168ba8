/* Makes a snapshot of what the last turn found.  Only with the option
 * `control`: the control thread cannot read the table.  Owns cycle->snapshot.
 * Of an entry it writes PM_ENTRY_RATED, uid, ptrace_gid and PM_ENTRY_OWNER, and
 * resets since_snapshot_ns and PM_ENTRY_UNREADABLE; of a group its place. */
#ifndef PM_CORE_CYCLE_SNAPSHOT_BUILD_H
#define PM_CORE_CYCLE_SNAPSHOT_BUILD_H

#include "core/cycle/cycle_state.h"

struct pm_snapshot;

void pm_snapshot_build_done(struct pm_cycle *cycle);

/* A turn begins: nothing is found yet. */
void pm_snapshot_build_begin(struct pm_cycle *cycle);

/* The scan found that process; call it before its numbers are charged. */
void pm_snapshot_build_note(struct pm_cycle *cycle, struct pm_entry *entry,
                            const struct pm_task *task);

int pm_snapshot_build(struct pm_cycle *cycle, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err);

#endif
