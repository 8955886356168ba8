/* The table of jobs, for the files of this folder: jobs.c goes through it,
 * wait.c keeps those who wait, tend.c has procman-hold work on one. */
#ifndef PM_JOBS_TABLE_H
#define PM_JOBS_TABLE_H

#include "jobs/entry.h"
#include "jobs/events.h"
#include "jobs/folder.h"
#include "jobs/places.h"
#include "jobs/series.h"

#include "server/context.h"
#include "server/timers.h"

struct pm_jobs {
  struct pm_context *context; /* (borrowed) */
  struct pm_loop *loop;       /* (borrowed) */
  struct pm_job_places places;
  struct pm_job_folders folders;
  struct pm_jobs_entry *list;
  size_t count;
  struct pm_timers timers;
  struct pm_job_events events;
  unsigned tended; /* helpers at work */
  struct pm_job_coming *coming;
  struct pm_jobs_entry *removed; /* what they used may not be counted yet */
  struct pm_job_names names;
  uint32_t number;   /* of the job that was found last */
  uint64_t rows_due; /* mono: rows of series are made; 0: nothing changed */
  uint64_t look_at;  /* mono: the folders are looked at again; 0: not */
  bool some_gone;
};

static inline uint64_t pm_jobs_mono(const struct pm_jobs *jobs) {
  return jobs->context->now.mono;
}

/* When it is looked after; 1: at once; 0: when something happens. */
static inline void pm_jobs_set_due(struct pm_jobs_entry *e, uint64_t at) {
  pm_timers_set(&e->owner->timers, &e->timer, at);
}

#endif
