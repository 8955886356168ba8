/* The close of an interval: books, admission, report.  Owns cycle->close; in
 * cycle->books it writes unattributed and surplus. */
#ifndef PM_CORE_CYCLE_CLOSE_H
#define PM_CORE_CYCLE_CLOSE_H

#include "core/cycle/cycle_state.h"

int pm_close(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);
void pm_close_done(struct pm_cycle *cycle);

#endif
