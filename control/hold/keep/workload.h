/* The process that a job is about: started behind a gate, adopted by the holder
 * that follows, and how it ended.  Its pid stands in the state record. */
#ifndef PM_KEEP_WORKLOAD_H
#define PM_KEEP_WORKLOAD_H

#include "base/job_spec.h"
#include "base/job_state.h"

#include "hold/keep/files.h"

#include <stdbool.h>

struct keep_workload {
  int pidfd;         /* of one that was adopted, -1: none */
  int gate;          /* until it is opened, -1 */
  int report;        /* end of file: it has exec'd, or ended; -1 */
  bool own;          /* a child of this holder, that is not reaped yet */
  bool late;         /* it had ended before this holder came */
  uint64_t ended_at; /* CLOCK_BOOTTIME: when an adopted one was seen to have
                        ended without telling how */
};

#define KEEP_WORKLOAD_INIT                                                     \
  { .pidfd = -1, .gate = -1, .report = -1 }

/* A child that waits at its gate: fills pid and birth of the state, whose
 * attempt is its number.  -errno. */
int keep_workload_fork(struct keep_workload *w, const struct pm_job_spec *spec,
                       const struct keep_files *files,
                       struct pm_job_state_record *state);
/* The start is recorded. */
void keep_workload_open_gate(struct keep_workload *w);

/* The one of the state, started by a holder before; before the ids are taken
 * on.  stored: how many descriptors a service manager has kept; its pidfd, if
 * it is among them, tells how it ended.  0: it is adopted, or gone.  -errno:
 * that cannot be told, so nothing may be started; -ENOSYS: before Linux 5.3. */
int keep_workload_adopt(struct keep_workload *w,
                        const struct pm_job_state_record *state, int stored);

/* True: it has ended, and the record says how; one's own stays a zombie. */
bool keep_workload_has_ended(struct keep_workload *w,
                             const struct pm_job_state_record *state,
                             uint64_t boot_ns, struct pm_job_exit_record *ret);
/* After its end was recorded. */
void keep_workload_reap(struct keep_workload *w,
                        const struct pm_job_state_record *state);

/* The job is over: a service manager need not keep its pidfd. */
void keep_workload_forget(const struct pm_job_state_record *state);

/* 0 or -errno. */
int keep_workload_signal(const struct keep_workload *w,
                         const struct pm_job_state_record *state, int signal);

#endif
