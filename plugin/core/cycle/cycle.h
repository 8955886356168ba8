/* The pipeline: read this first.
 *
 *   drain     the processes that ended
 *   measure   the machine at this instant
 *   turn      scan, details, charge
 *   close     rank, admit, report
 *
 * Several turns may pass before a close and give the same series as one.
 * One thread at a time; nothing here locks, logs or reads a clock. */
#ifndef PM_CORE_CYCLE_CYCLE_H
#define PM_CORE_CYCLE_CYCLE_H

#include "base/err.h"
#include "base/now.h"
#include "core/cycle/cycle_options.h"
#include "core/identity/job_scope.h"
#include "core/report/exit.h"
#include "core/report/report.h"
#include "core/sampler/sampler.h"

struct pm_cycle;
struct pm_exchange_event;
struct pm_snapshot;

/* -errno: neither /proc nor a sampler could be opened, a rule is bad, or no
 * memory. */
int pm_cycle_new(const struct pm_cycle_options *options, struct pm_cycle **ret,
                 struct pm_err *err);
/* Accepts NULL. */
void pm_cycle_free(struct pm_cycle *cycle);

/* Once, before the first turn: the groups that were emitted before the last
 * restart and the names that were used, from state_dir.  interval_ns: of
 * collectd.  -errno: some or all of it is lacking, see err; ret_* are what is
 * there. */
int pm_cycle_restore(struct pm_cycle *cycle, struct pm_now now,
                     uint64_t interval_ns, size_t *ret_groups,
                     size_t *ret_names, struct pm_err *err);
/* Once, after the last turn: saves that, as of the last close, which may take
 * twice PM_STATE_FILE_WAIT_MS.  -errno: it is not saved. */
int pm_cycle_save(struct pm_cycle *cycle, struct pm_err *err);

/* The sampler that is used: name, variant, and why no better one is. */
const struct pm_sampler *pm_cycle_sampler(const struct pm_cycle *cycle);
/* Is that list used?  Not if the sampler cannot fill it. */
bool pm_cycle_ranks_by(const struct pm_cycle *cycle, enum pm_top_by list);

/* The machine's CPU, memory, disks, sensors.  Call it right before the turn
 * that precedes a close, so that both are of the same moment.  -errno: some of
 * it could not be read, see err. */
int pm_cycle_measure(struct pm_cycle *cycle, struct pm_now now,
                     struct pm_err *err);

/* From now on the processes of these jobs are counted apart.  Takes the list,
 * malloc'd.  Before the drain, so that who has ended since is found.  -ENOMEM:
 * no job is. */
int pm_cycle_set_jobs(struct pm_cycle *cycle, struct pm_job_scope *list,
                      size_t count);

/* Charges the processes that ended; before each turn, and in between often
 * enough that their records do not overflow. */
int pm_cycle_drain(struct pm_cycle *cycle, struct pm_now now,
                   struct pm_err *err);

/* -errno: the turn was incomplete and is counted as skipped; what was charged
 * stays, nothing is charged twice.  With 0, err->num may still be set: some
 * processes could not be read. */
int pm_cycle_turn(struct pm_cycle *cycle, struct pm_now now,
                  struct pm_err *err);

/* *ret is valid until the next close.  -ENOMEM: nothing was reported, and the
 * next close covers both intervals. */
int pm_cycle_close(struct pm_cycle *cycle, struct pm_now now,
                   const struct pm_report **ret, struct pm_err *err);

/* With the option `control`: what the last turn found, and the CPU rates since
 * the last snapshot.  Call it after a complete turn, before the next drain.
 * The caller must unref it.  -ENOMEM: there is none, and the next one's rates
 * cover this time as well. */
int pm_cycle_snapshot(struct pm_cycle *cycle, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err);

/* Reports how processes of groups with Notify ended, but for those with status
 * 0, and how those of jobs did: called during drains and turns.  Each may be
 * NULL. */
void pm_cycle_watch_exits(struct pm_cycle *cycle,
                          void (*report)(void *arg, const struct pm_exit *exit),
                          void (*of_job)(void *arg, const struct pm_exit *exit),
                          void *arg);

/* Reports every start and end of every process, each once, during drains and
 * turns.  report NULL: no longer. */
void pm_cycle_watch_events(
    struct pm_cycle *cycle,
    void (*report)(void *arg, const struct pm_exchange_event *event),
    void *arg);

/* CPU time of the helpers so far, which the caller's own does not have. */
uint64_t pm_cycle_helper_ns(const struct pm_cycle *cycle);

/* Why that could not be saved since the last call: 0 or -errno. */
int pm_cycle_state_error(struct pm_cycle *cycle, struct pm_err *err);

/* Why the helper could not be started since the last call: 0 or -errno. */
int pm_cycle_helper_error(struct pm_cycle *cycle, struct pm_err *err);

#endif
