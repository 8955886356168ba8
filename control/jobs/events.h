/* What happens to jobs, for those who watch: the latest changes of their
 * states. For the control thread only. */
#ifndef PM_JOBS_EVENTS_H
#define PM_JOBS_EVENTS_H

#include "jobs/job.h"

enum { PM_JOB_EVENTS = 64 }; /* that are kept: whoever is slower loses some */

struct pm_job_event {
  uint64_t real_ns;
  bool survives;
  struct pm_job job; /* as it was then */
};

/* Somebody who watches; embedded in a call's data, zeroed: he does not. */
struct pm_job_watcher {
  struct pm_job_events *of;
  struct pm_job_watcher *next;
  void (*changed)(void *arg);
  void *arg;
  uint64_t cursor; /* of the next event that he has not read */
};

struct pm_job_events {
  struct pm_job_event *ring; /* NULL: nobody has ever watched */
  uint64_t next;
  struct pm_job_watcher *watchers;
};

void pm_job_events_done(struct pm_job_events *events);

/* From now on.  -ENOMEM. */
int pm_job_events_watch(struct pm_job_events *events,
                        struct pm_job_watcher *watcher);
void pm_job_events_unwatch(struct pm_job_watcher *watcher);

void pm_job_events_note(struct pm_job_events *events, const struct pm_job *job,
                        bool survives, uint64_t real_ns);
/* NULL: no more.  *dropped grows by those that were lost. */
const struct pm_job_event *pm_job_events_read(struct pm_job_watcher *watcher,
                                              uint64_t *dropped);

#endif
