/* One call of collectd's reader: drains, and turns the cycle when an interval
 * is over or when somebody at the socket watches.  Reads the clock, passes it
 * down, and says what went wrong, once. */
#ifndef PM_TICK_H
#define PM_TICK_H

#include "notify.h"
#include "options/options.h"

#include "core/cycle/cycle.h"
#include "core/snapshot/exchange.h"

#include <sys/resource.h>

enum pm_complaint {
  PM_COMPLAINT_DEATHS,
  PM_COMPLAINT_MACHINE,
  PM_COMPLAINT_TURN,
  PM_COMPLAINT_CLOSE,
  PM_COMPLAINT_SNAPSHOT,
  PM_COMPLAINT_HELPER,
  PM_COMPLAINT_NAMES,
  PM_COMPLAINTS
};

struct pm_tick {
  /* the module's; feed is NULL where nobody can watch */
  const struct pm_options *options;
  struct pm_cycle *cycle;
  struct pm_notifier *notifier;
  struct pm_exchange *exchange;
  /* its own */
  uint64_t interval, period; /* ns; a tick comes every period */
  uint64_t next_close;       /* mono */
  uint64_t turned, took;     /* the last turn: mono of its begin, ns with all
                                that followed */
  bool published;
  uint64_t said[PM_COMPLAINTS]; /* mono of the last complaint; 0 = never */
  size_t series;
  double clients; /* at the control socket, NaN without; set before a run */
  struct rusage spent; /* of our callback; only the CPU times are kept */
  double turn;         /* seconds */
};

/* The parts are there: chooses the period. */
void pm_tick_begin(struct pm_tick *tick, uint64_t interval_ns);
void pm_tick_run(struct pm_tick *tick);

#endif
