#include "jobs/rows.h"

#include "base/copy.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 256 };

static bool is_before(const struct pm_job *a, const struct pm_job *b) {
  bool ended = pm_job_has_ended(a), other = pm_job_has_ended(b);
  if (ended != other)
    return other;
  return a->state.started_at_ns > b->state.started_at_ns;
}

/* Into its place among the first ones. */
static size_t insert(const struct pm_job *first[], size_t count, size_t most,
                     const struct pm_job *job) {
  size_t at = count;
  while (at > 0 && is_before(job, first[at - 1]))
    at--;
  if (at == most)
    return count;
  size_t last = count < most ? count : most - 1;
  memmove(&first[at + 1], &first[at], (last - at) * sizeof *first);
  first[at] = job;
  return count < most ? count + 1 : most;
}

static bool has_name(const struct pm_job_row *rows, size_t count,
                     const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].name, name) == 0)
      return true;
  return false;
}

static void fill(struct pm_job_row *row, const struct pm_job *job) {
  const struct pm_job_state_record *s = &job->state;
  row->up = s->state == PM_JOB_RUNNING || s->state == PM_JOB_STARTING;
  row->restarts = (double)s->restarts;
  row->log_bytes = row->log_dropped = row->log_blocked = 0;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    row->log_bytes += (double)s->stream[i].stored;
    row->log_dropped += (double)s->stream[i].dropped_bytes;
    row->log_blocked += pm_seconds(s->stream[i].blocked_ns);
  }
}

/* The second of a name, which another user has given to his, has its id.
 * False: somebody has made a name of that, too. */
static bool name(struct pm_job_row *rows, size_t count,
                 const struct pm_job *job) {
  const char *text = has_name(rows, count, job->name) ? job->id : job->name;
  pm_copy_text(rows[count].name, sizeof rows[count].name, text);
  return !has_name(rows, count, text);
}

size_t pm_job_rows_make(const struct pm_jobs_entry *list,
                        struct pm_job_row *ret, size_t most) {
  const struct pm_job *first[MOST];
  size_t count = 0;
  if (most > MOST)
    most = MOST;
  for (const struct pm_jobs_entry *e = list; e && most; e = e->next)
    if (!e->gone && !e->remove && !pm_job_is_removed(&e->job))
      count = insert(first, count, most, &e->job);
  size_t made = 0;
  for (size_t i = 0; i < count; i++)
    if (name(ret, made, first[i]))
      fill(&ret[made++], first[i]);
  return made;
}
