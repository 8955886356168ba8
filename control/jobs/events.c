#include "jobs/events.h"

#include <errno.h>
#include <stdlib.h>

void pm_job_events_done(struct pm_job_events *events) {
  while (events->watchers)
    pm_job_events_unwatch(events->watchers);
  free(events->ring);
  *events = (struct pm_job_events){.ring = NULL};
}

int pm_job_events_watch(struct pm_job_events *events,
                        struct pm_job_watcher *watcher) {
  if (!events->ring)
    events->ring = calloc(PM_JOB_EVENTS, sizeof *events->ring);
  if (!events->ring)
    return -ENOMEM;
  watcher->of = events;
  watcher->cursor = events->next;
  watcher->next = events->watchers;
  events->watchers = watcher;
  return 0;
}

void pm_job_events_unwatch(struct pm_job_watcher *watcher) {
  if (!watcher->of)
    return;
  struct pm_job_watcher **at = &watcher->of->watchers;
  while (*at != watcher)
    at = &(*at)->next;
  *at = watcher->next;
  watcher->of = NULL;
}

void pm_job_events_note(struct pm_job_events *events, const struct pm_job *job,
                        bool survives, uint64_t real_ns) {
  if (!events->watchers)
    return;
  events->ring[events->next++ % PM_JOB_EVENTS] =
      (struct pm_job_event){real_ns, survives, *job};
  for (struct pm_job_watcher *w = events->watchers; w; w = w->next)
    w->changed(w->arg);
}

const struct pm_job_event *pm_job_events_read(struct pm_job_watcher *watcher,
                                              uint64_t *dropped) {
  const struct pm_job_events *events = watcher->of;
  if (!events || watcher->cursor == events->next)
    return NULL;
  if (events->next - watcher->cursor > PM_JOB_EVENTS) {
    uint64_t first = events->next - PM_JOB_EVENTS;
    *dropped += first - watcher->cursor;
    watcher->cursor = first;
  }
  return &events->ring[watcher->cursor++ % PM_JOB_EVENTS];
}
