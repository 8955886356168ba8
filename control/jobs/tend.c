#include "jobs/tend.h"

#include "jobs/table.h"

#include "base/hold_remove.h"

#include <errno.h>
#include <string.h>

enum { TENDED = 4 }; /* helpers at work for jobs, at most */

#define SOON_NS (PM_NS_PER_S / 40)
#define PAUSE_NS (PM_NS_PER_S / 10)
#define PAUSE_MOST_NS (60 * PM_NS_PER_S)

/* A workload that could not be started is told by its exit. */
static int error_of(const void *record, size_t length) {
  const struct pm_hold_start_reply *r = record;
  if (length != sizeof *r || r->schema != PM_HOLD_SCHEMA)
    return EIO;
  if (r->step == PM_HOLD_START_DONE || r->step == PM_HOLD_START_JOB)
    return 0;
  return r->error ? r->error : EIO;
}

static void on_tended(void *arg, const void *record, size_t length) {
  struct pm_jobs_entry *e = arg;
  e->action = NULL;
  e->owner->tended--;
  if (e->again == PM_JOB_AGAIN_BEGUN) {
    e->again = PM_JOB_AGAIN_DONE;
    e->again_error = error_of(record, length);
    pm_jobs_set_due(e, 1);
    return;
  }
  pm_jobs_set_due(e, pm_jobs_mono(e->owner) + SOON_NS);
}

void pm_job_tend_later(struct pm_jobs_entry *e) {
  e->pause = e->pause ? 2 * e->pause : PAUSE_NS;
  if (e->pause > PAUSE_MOST_NS)
    e->pause = PAUSE_MOST_NS;
  pm_jobs_set_due(e, pm_jobs_mono(e->owner) + e->pause);
}

/* False: not now. */
static bool tend(struct pm_jobs_entry *e, const char *mode,
                 const struct iovec *record, int count) {
  struct pm_jobs *jobs = e->owner;
  struct pm_err err = PM_ERR_INIT;
  if (e->action)
    return false;
  if (jobs->tended >= TENDED) {
    pm_jobs_set_due(e, pm_jobs_mono(jobs) + SOON_NS);
    return false;
  }
  pm_job_tend_later(e);
  int status = pm_action_start(&jobs->context->actions, jobs->context->now,
                               mode, PM_PEER_USER_ROOT, record, count, -1,
                               on_tended, e, &e->action, &err);
  jobs->tended += status == 0;
  return status == 0;
}

void pm_job_tend_start(struct pm_jobs_entry *e, enum pm_hold_start_flag flag) {
  const struct pm_job_places *p = &e->owner->places;
  const char *const texts[PM_HOLD_START_TEXTS] = {
      [PM_HOLD_START_JOBS] = p->jobs,
      [PM_HOLD_START_LOGS] = p->logs,
      [PM_HOLD_START_KEEP] = p->keep,
      [PM_HOLD_START_USER] = ""};
  struct pm_hold_start_request r = {.schema = PM_HOLD_SCHEMA,
                                    .spec_length = (uint32_t)strlen(e->job.id),
                                    .flags = flag};
  struct iovec parts[2 + PM_HOLD_START_TEXTS] = {{&r, sizeof r},
                                                 {e->job.id, r.spec_length}};
  for (size_t i = 0; i < PM_HOLD_START_TEXTS; i++) {
    r.text[i] = (uint32_t)strlen(texts[i]);
    parts[2 + i] = (struct iovec){(char *)(uintptr_t)texts[i], r.text[i]};
  }
  if (tend(e, "start", parts, 2 + PM_HOLD_START_TEXTS) &&
      flag == PM_HOLD_START_AGAIN)
    e->again = PM_JOB_AGAIN_BEGUN;
}

void pm_job_tend_remove(struct pm_jobs_entry *e) {
  const struct pm_job_places *p = &e->owner->places;
  struct pm_hold_remove_request r = {.schema = PM_HOLD_SCHEMA,
                                     .lost = e->job.lost,
                                     .text = {(uint32_t)strlen(p->jobs),
                                              (uint32_t)strlen(p->logs),
                                              (uint32_t)strlen(e->job.id)}};
  struct iovec parts[] = {
      {&r, sizeof r},
      {(void *)(uintptr_t)p->jobs, r.text[0]},
      {(void *)(uintptr_t)p->logs, r.text[1]},
      {e->job.id, r.text[2]},
  };
  tend(e, "remove", parts, 4);
}
