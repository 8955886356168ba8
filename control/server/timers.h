/* Instants at which something is to be done, as a binary heap: the first is
 * found at once, a change costs log n.  For one thread. */
#ifndef PM_SERVER_TIMERS_H
#define PM_SERVER_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what it belongs to; zeroed: it is not set. */
struct pm_timer {
  uint64_t at;  /* mono */
  size_t place; /* in the heap, from 1; 0: it is not set */
};

struct pm_timers {
  struct pm_timer **heap;
  size_t count, room;
};

/* Makes room for so many that are set at once, so that setting cannot fail.
 * -ENOMEM. */
int pm_timers_reserve(struct pm_timers *timers, size_t count);
/* at 0: never, so that it is not set any more. */
void pm_timers_set(struct pm_timers *timers, struct pm_timer *timer,
                   uint64_t at);
/* When the first one is due; 0: none is set. */
uint64_t pm_timers_next(const struct pm_timers *timers);
/* Takes out one that is due; NULL: none is. */
struct pm_timer *pm_timers_take(struct pm_timers *timers, uint64_t mono);
void pm_timers_done(struct pm_timers *timers);

#endif
