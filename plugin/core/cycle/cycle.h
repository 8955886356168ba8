/* The pipeline: read this first.
 *
 *   drain     the processes that ended
 *   measure   the machine at this instant
 *   turn      scan, detail, accumulate
 *   close     rank, admit, report
 *
 * Several turns may pass before a close and give the same series as one.
 * One thread at a time; nothing here locks, logs or reads a clock. */
#ifndef PM_CORE_CYCLE_CYCLE_H
#define PM_CORE_CYCLE_CYCLE_H

#include "base/err.h"
#include "base/now.h"
#include "core/cycle/cycle_options.h"
#include "core/report/report.h"
#include "core/sampler/sampler.h"

struct pm_cycle;
struct pm_exchange_event;
struct pm_snapshot;

/* -errno: neither /proc nor a sampler could be opened, a rule is bad, or no
 * memory. */
int pm_cycle_new(const struct pm_cycle_options *options, struct pm_cycle **ret,
                 struct pm_err *err);
void pm_cycle_free(struct pm_cycle *cycle); /* accepts NULL */

/* Which sampler there is: name, form, and why it is no better one. */
const struct pm_sampler *pm_cycle_sampler(const struct pm_cycle *cycle);
/* False: such a list is left out, because the sampler could not fill it. */
bool pm_cycle_ranks_by(const struct pm_cycle *cycle, enum pm_top_by list);

/* The machine's CPU, memory, disks, sensors.  Call it right before the turn
 * that a close follows, so that both speak of the same moment.  -errno: some
 * of it is absent, err says what. */
int pm_cycle_measure(struct pm_cycle *cycle, struct pm_now now,
                     struct pm_err *err);

/* Takes in the processes that ended; before each turn, and in between as often
 * as their records would overflow otherwise. */
int pm_cycle_drain(struct pm_cycle *cycle, struct pm_now now,
                   struct pm_err *err);

/* -errno: the turn was not whole and is counted as skipped; what was charged
 * stays, nothing is charged twice.  With 0, err->num may still say that some
 * processes could not be read. */
int pm_cycle_turn(struct pm_cycle *cycle, struct pm_now now,
                  struct pm_err *err);

/* *ret is valid until the next close.  -ENOMEM: nothing was reported, and the
 * next close speaks of both intervals. */
int pm_cycle_close(struct pm_cycle *cycle, struct pm_now now,
                   const struct pm_report **ret, struct pm_err *err);

/* With the option `control`: what the last turn saw, and how fast the CPU was
 * used since the snapshot before.  Call it after a good turn, before anything
 * is drained.  The caller's to unref.  -ENOMEM: there is none, and the next
 * one's rates are of both turns. */
int pm_cycle_snapshot(struct pm_cycle *cycle, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err);

/* Has the ends of processes of groups with Notify told to `tell`, which is
 * called during drains and turns. */
void pm_cycle_watch_exits(struct pm_cycle *cycle,
                          void (*tell)(void *arg, const struct pm_exit *exit),
                          void *arg);

/* Has every start and end told, of every process: each once, during drains and
 * turns.  tell NULL: nobody listens any more. */
void pm_cycle_watch_events(struct pm_cycle *cycle,
                           void (*tell)(void *arg,
                                        const struct pm_exchange_event *event),
                           void *arg);

/* Trouble with the helper since the last call: 0 or -errno. */
int pm_cycle_helper_error(struct pm_cycle *cycle, struct pm_err *err);

#endif
