/* The machine's own numbers, for a close.  Owns cycle->machine and books.busy.
 */
#ifndef PM_CORE_CYCLE_MEASURE_H
#define PM_CORE_CYCLE_MEASURE_H

#include "core/cycle/cycle_state.h"

void pm_measure_done(struct pm_cycle *cycle);

/* As pm_cycle_measure. */
int pm_measure(struct pm_cycle *cycle, struct pm_now now, struct pm_err *err);

/* Before the books are balanced. */
void pm_measure_close(struct pm_cycle *cycle);

/* Sums start again from here.  false: they go on, as the machine could not be
 * read and the next reading speaks of this interval, too. */
bool pm_measure_begin_interval(struct pm_cycle *cycle);

#endif
