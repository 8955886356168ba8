/* One call of collectd's read callback: drains the sampler, and runs a turn of
 * the cycle when an interval is over or a client of the socket needs one.
 * Reads the clock, passes it down, and logs errors. */
#ifndef PM_TICK_H
#define PM_TICK_H

#include "notify.h"
#include "options/options.h"

#include "core/cycle/cycle.h"
#include "core/snapshot/exchange.h"

#include <sys/resource.h>

/* A lasting fault is logged again after this time. */
#define PM_COMPLAIN_NS (3600 * PM_NS_PER_S)

/* Faults that are logged at most once an hour each. */
enum pm_complaint {
  PM_COMPLAINT_DEATHS,
  PM_COMPLAINT_MACHINE,
  PM_COMPLAINT_TURN,
  PM_COMPLAINT_CLOSE,
  PM_COMPLAINT_SNAPSHOT,
  PM_COMPLAINT_HELPER,
  PM_COMPLAINT_STATE,
  PM_COMPLAINT_NAMES,
  PM_COMPLAINT_DISK,
  PM_COMPLAINTS
};

struct pm_tick {
  /* owned by procman.c; exchange is NULL without a control socket */
  const struct pm_options *options;
  struct pm_cycle *cycle;
  struct pm_notifier *notifier;
  struct pm_exchange *exchange;
  /* the tick's own */
  uint64_t interval, period; /* ns; a tick comes every period */
  uint64_t next_close;       /* mono */
  uint64_t turned, took;     /* the last turn: mono of its start; ns, with all
                                that followed it */
  uint64_t mono;             /* of this tick */
  bool published;
  uint64_t logged[PM_COMPLAINTS]; /* mono of the last time; 0 = never */
  bool warned_of_sensors;
  size_t series;
  double clients; /* of the control socket, NaN without; set by procman.c */
  struct rusage spent; /* by the read callback; only CPU times are kept */
  double turn;         /* seconds from the start of the tick, so with what was
                        * measured before it, to the end of the last turn */
};

/* Sets the interval and the period, and restores what has outlived a restart;
 * the parts must exist. */
void pm_tick_begin(struct pm_tick *tick, uint64_t interval_ns);
void pm_tick_run(struct pm_tick *tick);

#endif
