/* All started processes that the server knows: those of its folders, and those
 * that it starts.  Each has a connection to its holder, whose end says that the
 * holder has died, and then it gets another.  For the control thread only. */
#ifndef PM_JOBS_JOBS_H
#define PM_JOBS_JOBS_H

#include "jobs/events.h"
#include "jobs/folder.h"
#include "jobs/holder.h"
#include "jobs/job.h"
#include "jobs/places.h"

#include "policy/failure.h"
#include "policy/peer_user.h"
#include "server/action.h"
#include "server/environment.h"
#include "server/loop.h"
#include "server/timers.h"

struct pm_context;
struct pm_jobs;

/* One of the table.  Freed between two waits of the loop. */
struct pm_jobs_entry {
  struct pm_holder holder; /* first: the loop hands it back */
  struct pm_job job;
  struct pm_jobs *owner;
  struct pm_jobs_entry *next;
  struct pm_job_wait *waits;
  uint64_t seq;             /* of the latest request */
  struct pm_timer timer;    /* when to look for its holder */
  uint64_t pause;           /* ns, before it is looked for once more */
  uint64_t held_since;      /* mono */
  struct pm_action *action; /* procman-hold is at work on it */
  bool survives;            /* a restart of collectd, as far as is known */
  bool remove;              /* its folder and its log are to be removed */
  bool gone;                /* they are; to be freed */
};

/* Somebody who waits for a change of a job, and perhaps has asked for it.
 * Embedded in a call's data; zeroed: it waits for nothing. */
struct pm_job_wait {
  struct pm_jobs_entry *entry; /* NULL: it is gone */
  struct pm_job_wait *next;
  void (*changed)(void *arg); /* the job, or what became of the request */
  void *arg;
  enum pm_job_asked {
    PM_JOB_ASKED_NOTHING,
    PM_JOB_ASKED_UNSENT, /* its holder is not there yet */
    PM_JOB_ASKED_SENT,
    PM_JOB_ASKED_ANSWERED, /* error */
  } asked;
  struct pm_job_request request;
  int error; /* errno value, 0 = accepted; EPIPE: its holder died */
};

/* -errno: there are no jobs, and err says why; -EBUSY may pass.  The context
 * has it from then on.  socket: the path of the control socket. */
int pm_jobs_new(struct pm_context *context, struct pm_loop *loop,
                const char *socket, struct pm_jobs **ret, struct pm_err *err);
void pm_jobs_free(struct pm_jobs *jobs); /* accepts NULL */

/* Between two waits of the loop: looks at some more folders, for holders that
 * have died, and frees what is gone. */
void pm_jobs_sweep(struct pm_jobs *jobs);
/* When that is due (mono, 1 = at once); 0: not by itself. */
uint64_t pm_jobs_next(const struct pm_jobs *jobs);

const struct pm_job_places *pm_jobs_places(const struct pm_jobs *jobs);

/* All folders were looked at. */
bool pm_jobs_are_known(const struct pm_jobs *jobs);
struct pm_jobs_entry *pm_jobs_first(const struct pm_jobs *jobs);
/* NULL: there is none. */
struct pm_jobs_entry *pm_jobs_find(const struct pm_jobs *jobs, const char *id);

/* A job that procman-hold has started.  -errno: its folder cannot be read. */
int pm_jobs_add(struct pm_jobs *jobs, const char *id,
                struct pm_jobs_entry **ret);

/* changed(arg) is called for each change until pm_jobs_unwait. */
void pm_jobs_wait(struct pm_jobs_entry *entry, struct pm_job_wait *wait);
void pm_jobs_unwait(struct pm_job_wait *wait);
/* Asks its holder, when there is one; the wait is one of the entry's. */
void pm_jobs_ask(struct pm_job_wait *wait, enum pm_job_verb verb,
                 uint64_t timeout_ns);

/* What happens to all of them. */
struct pm_job_events *pm_jobs_events(struct pm_jobs *jobs);

/* Removes one that is over, with its log. */
void pm_jobs_remove(struct pm_jobs_entry *entry);

#endif
