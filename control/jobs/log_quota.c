#include "jobs/log_quota.h"

#include <stdlib.h>

static uint64_t bytes_of(const struct pm_job *job) {
  uint64_t n = 0;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    n += job->state.stream[i].bytes;
  return n;
}

uint64_t pm_job_log_quota_held(const struct pm_jobs_entry *list, uint32_t uid) {
  uint64_t n = 0;
  for (; list; list = list->next)
    if (pm_jobs_entry_stays(list) && list->job.starter_uid == uid &&
        !pm_job_is_over(&list->job))
      n += bytes_of(&list->job);
  return n;
}

/* By user; of each, the one that was started first comes first. */
static int compare(const void *a, const void *b) {
  const struct pm_job *x = &(*(struct pm_jobs_entry *const *)a)->job,
                      *y = &(*(struct pm_jobs_entry *const *)b)->job;
  if (x->starter_uid != y->starter_uid)
    return x->starter_uid < y->starter_uid ? -1 : 1;
  return (x->state.started_at_ns > y->state.started_at_ns) -
         (x->state.started_at_ns < y->state.started_at_ns);
}

/* Those of one user. */
static void make_room(struct pm_jobs_entry **his, size_t count, uint64_t most,
                      void (*remove)(struct pm_jobs_entry *entry)) {
  uint64_t held = 0;
  for (size_t i = 0; i < count; i++)
    held += bytes_of(&his[i]->job);
  for (size_t i = 0; i < count && held > most; i++) {
    uint64_t n = bytes_of(&his[i]->job);
    if (!n || !pm_job_is_over(&his[i]->job))
      continue;
    held -= n;
    remove(his[i]);
  }
}

void pm_job_log_quota_apply(struct pm_jobs_entry *list, uint64_t most,
                            void (*remove)(struct pm_jobs_entry *entry)) {
  size_t n = 0, count = 0;
  for (struct pm_jobs_entry *e = list; e; e = e->next)
    count++;
  struct pm_jobs_entry **all = calloc(count + 1, sizeof(*all));
  for (struct pm_jobs_entry *e = list; e && all; e = e->next)
    if (pm_jobs_entry_stays(e) && e->job.starter_uid != 0)
      all[n++] = e;
  if (n)
    qsort(all, n, sizeof(*all), compare);
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from + 1;
         to < n && all[to]->job.starter_uid == all[from]->job.starter_uid;)
      to++;
    make_room(all + from, to - from, most, remove);
  }
  free(all);
}
