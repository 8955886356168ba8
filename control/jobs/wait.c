#include "jobs/wait.h"

#include "jobs/table.h"

#include <errno.h>

static void tell(struct pm_job_wait *wait) {
  if (wait->changed)
    wait->changed(wait->arg);
}

void pm_job_waits_tell(struct pm_jobs_entry *e) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    tell(w);
}

void pm_job_waits_end(struct pm_jobs_entry *e) {
  while (e->waits) {
    struct pm_job_wait *w = e->waits;
    e->waits = w->next;
    w->entry = NULL;
    tell(w);
  }
}

void pm_jobs_wait(struct pm_jobs_entry *e, struct pm_job_wait *wait) {
  wait->entry = e;
  wait->next = e->waits;
  e->waits = wait;
}

void pm_jobs_unwait(struct pm_job_wait *wait) {
  if (!wait->entry)
    return;
  struct pm_job_wait **at = &wait->entry->waits;
  while (*at != wait)
    at = &(*at)->next;
  *at = wait->next;
  wait->entry = NULL;
}

/* ---- requests ---- */

static void answer(struct pm_job_wait *wait, int error) {
  wait->asked = PM_JOB_ASKED_ANSWERED;
  wait->error = error;
  tell(wait);
}

void pm_job_waits_answer(struct pm_jobs_entry *e, enum pm_job_asked asked,
                         int error) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == asked)
      answer(w, error);
}

static void send_request(struct pm_job_wait *wait) {
  struct pm_jobs_entry *e = wait->entry;
  wait->request.seq = ++e->seq;
  wait->asked = PM_JOB_ASKED_SENT;
  int status = pm_holder_ask(&e->holder, &wait->request);
  if (status < 0) /* its end is seen by the loop */
    answer(wait, status == -EAGAIN ? EBUSY : EPIPE);
}

void pm_job_waits_send(struct pm_jobs_entry *e) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_UNSENT)
      send_request(w);
}

void pm_jobs_ask(struct pm_job_wait *wait, enum pm_job_verb verb,
                 uint64_t timeout_ns) {
  struct pm_jobs_entry *e = wait->entry;
  wait->request =
      (struct pm_job_request){.verb = verb, .timeout_ns = timeout_ns};
  wait->asked = PM_JOB_ASKED_UNSENT;
  if (pm_job_is_over(&e->job) && verb == PM_JOB_ASK_RESTART)
    pm_jobs_set_due(e, 1);
  else if (pm_job_is_over(&e->job))
    answer(wait, ESRCH);
  else if (pm_holder_is_open(&e->holder))
    send_request(wait);
  else if (!e->action) /* whoever kills it all the time has made the pause long
                        */
    pm_jobs_set_due(e, 1);
}

void pm_job_waits_take(struct pm_jobs_entry *e, const struct pm_job_reply *r) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_SENT && w->request.seq == r->seq)
      answer(w, r->error);
}

bool pm_job_waits_for_start(const struct pm_jobs_entry *e) {
  for (const struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_UNSENT &&
        w->request.verb == PM_JOB_ASK_RESTART)
      return true;
  return false;
}
