/* One job of the table (jobs.h), and those who wait for it.  For the control
 * thread only. */
#ifndef PM_JOBS_ENTRY_H
#define PM_JOBS_ENTRY_H

#include "jobs/holder.h"
#include "jobs/job.h"

#include "server/action.h"
#include "server/timers.h"

#include "core/identity/name.h"

struct pm_jobs;

/* In series and snapshots. */
struct pm_job_series {
  uint32_t number;    /* never 0, never used twice */
  char name[PM_NAME]; /* "": it has no series of its own */
  bool shares;        /* its user's next job of that name goes on with them */
};

/* One of the table.  Freed between two waits of the loop. */
struct pm_jobs_entry {
  struct pm_holder holder; /* first: the loop hands it back */
  struct pm_job job;
  struct pm_job_series series;
  uint64_t cgroup; /* the kernel's id, 0: none that is known */
  int32_t pid;     /* of its latest process, also when it has ended */
  uint64_t birth;
  uint64_t attempt;    /* the start that made it */
  uint64_t kept_until; /* mono: of one that was removed */
  struct pm_jobs *owner;
  struct pm_jobs_entry *next;
  struct pm_job_wait *waits;
  uint64_t seq;             /* of the latest request */
  struct pm_timer timer;    /* when to look for its holder */
  uint64_t pause;           /* ns, before it is looked for once more */
  uint64_t held_since;      /* mono */
  struct pm_action *action; /* procman-hold is at work on it */
  bool survives;            /* a restart of collectd, as far as is known */
  enum pm_job_again {
    PM_JOB_AGAIN_NOT,
    PM_JOB_AGAIN_BEGUN, /* procman-hold starts it once more */
    PM_JOB_AGAIN_DONE,  /* it has answered */
  } again;
  int again_error; /* errno value */
  bool remove;     /* its folder and its log are to be removed */
  bool gone;       /* they are; to be freed */
};

/* It is not removed, nor about to be. */
static inline bool pm_jobs_entry_stays(const struct pm_jobs_entry *e) {
  return !e->gone && !e->remove && !pm_job_is_removed(&e->job);
}

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

#endif
