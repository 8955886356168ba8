/* The groups and names that outlive a restart, so that it makes neither a hole
 * nor new series: restored before the first turn, saved after a close in which
 * they changed.  Owns `kept` of the cycle. */
#ifndef PM_CORE_CYCLE_RESTART_H
#define PM_CORE_CYCLE_RESTART_H

#include "core/account/kept_names.h"
#include "core/cycle/cycle_state.h"

enum {
  PM_RESTART_SOONEST_S = 60, /* after it was saved, if it has changed */
  PM_RESTART_LATEST_S = 600, /* the same, if not: the record says when that was
                              */
};

void pm_restart_init(struct pm_cycle *cycle);
/* See pm_cycle_restore. */
int pm_restart_restore(struct pm_cycle *cycle, struct pm_now now,
                       uint64_t interval_ns, struct pm_kept_count *ret,
                       struct pm_err *err);
/* After a close. */
void pm_restart_save_if_due(struct pm_cycle *cycle, struct pm_now now);
/* See pm_cycle_state_error. */
int pm_restart_error(struct pm_cycle *cycle, struct pm_err *err);
/* See pm_cycle_save. */
int pm_restart_save_last(struct pm_cycle *cycle, struct pm_err *err);
void pm_restart_done(struct pm_cycle *cycle);

#endif
