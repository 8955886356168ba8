#include "jobs/jobs.h"

#include "jobs/log_quota.h"
#include "jobs/process.h"
#include "jobs/series.h"
#include "jobs/survival.h"
#include "jobs/table.h"
#include "jobs/tend.h"

#include "base/copy.h"
#include "core/snapshot/exchange_jobs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  SCAN = 32,    /* folders in a pass: 1 ms */
  MESSAGES = 8, /* of one holder in a pass */
};

#define ROWS_NS (PM_NS_PER_S / 2)
#define LOOK_AGAIN_NS (5 * PM_NS_PER_S)
/* The tick, which may be late, has seen the end of its processes by then. */
#define REMOVED_NS (5 * PM_NS_PER_S)
#define LIVED_NS (60 * PM_NS_PER_S) /* then a holder's death is no series */

/* Holders tell of their counters each second. */
static void note_change(struct pm_jobs *jobs) {
  uint64_t due = pm_jobs_mono(jobs) + ROWS_NS;
  if (!jobs->rows_due || due < jobs->rows_due)
    jobs->rows_due = due;
}

/* ---- series ---- */

/* The latest comes first. */
static void forget_removed(struct pm_jobs *jobs) {
  struct pm_jobs_entry **at = &jobs->removed;
  while (*at && pm_jobs_mono(jobs) < (*at)->kept_until) {
    jobs->rows_due = (*at)->kept_until;
    at = &(*at)->next;
  }
  while (*at) {
    struct pm_jobs_entry *e = *at;
    *at = e->next;
    free(e);
  }
}

static void tell_tick(struct pm_jobs *jobs) {
  const struct pm_environment *environment = jobs->context->environment;
  struct pm_exchange *exchange = pm_context_exchange(jobs->context);
  static struct pm_job_row rows[PM_EXCHANGE_JOBS];
  struct pm_job_scope *scopes;
  size_t count;
  struct pm_job_series_options o = {.most = environment->jobs->groups,
                                    .names_per_hour =
                                        environment->jobs->names_per_hour};
  jobs->rows_due = 0;
  forget_removed(jobs);
  struct pm_job_lists lists = {jobs->list, jobs->removed, jobs->coming};
  pm_job_series_choose(&lists, &jobs->names, &o, pm_jobs_mono(jobs));
  if (pm_job_series_scopes(&lists, &scopes, &count) == 0)
    pm_exchange_set_scopes(exchange, scopes, count);
  count = pm_job_series_rows(jobs->list, rows, PM_EXCHANGE_JOBS);
  pm_exchange_set_jobs(exchange, rows, count, (double)jobs->count);
}

static struct pm_job_coming **find_coming(struct pm_jobs *jobs,
                                          const char *id) {
  struct pm_job_coming **at = &jobs->coming;
  while (*at && strcmp((*at)->id, id) != 0)
    at = &(*at)->next;
  return at;
}

void pm_jobs_expect(struct pm_jobs *jobs, const char *id, const char *name,
                    uint32_t starter_uid) {
  struct pm_job_coming *c = *find_coming(jobs, id);
  if (c || !(c = calloc(1, sizeof *c)))
    return;
  pm_copy_text(c->id, sizeof c->id, id);
  pm_copy_text(c->name, sizeof c->name, name);
  c->starter_uid = starter_uid;
  c->series.number = ++jobs->number;
  c->next = jobs->coming;
  jobs->coming = c;
  tell_tick(jobs);
}

void pm_jobs_expect_not(struct pm_jobs *jobs, const char *id) {
  struct pm_job_coming **at = find_coming(jobs, id), *c = *at;
  if (!c)
    return;
  *at = c->next;
  free(c);
  note_change(jobs);
}

/* It goes on under the number that it was expected with. */
static struct pm_job_series take_series(struct pm_jobs *jobs, const char *id) {
  const struct pm_job_coming *c = *find_coming(jobs, id);
  if (!c)
    return (struct pm_job_series){.number = ++jobs->number};
  struct pm_job_series series = c->series;
  pm_jobs_expect_not(jobs, id);
  return series;
}

/* ---- one that is over ---- */

static void vanish(struct pm_jobs_entry *e) {
  e->gone = e->owner->some_gone = true;
  pm_jobs_set_due(e, 0);
  pm_job_waits_end(e);
}

static bool has_folder(const struct pm_jobs_entry *e) {
  struct pm_job unused;
  return pm_job_folder_read(&e->owner->folders, e->job.id, &unused) != -ENOENT;
}

static void look_after_over(struct pm_jobs_entry *e) {
  pm_holder_close(&e->holder);
  if (pm_job_waits_for_start(e) && !e->remove && !e->job.lost) {
    pm_job_tend_start(e, PM_HOLD_START_AGAIN);
    return;
  }
  pm_job_waits_answer(e, PM_JOB_ASKED_UNSENT, ESRCH);
  if (!e->remove && !pm_job_is_removed(&e->job))
    pm_jobs_set_due(e, 0);
  else if (has_folder(e))
    pm_job_tend_remove(e);
  else
    vanish(e);
}

void pm_jobs_remove(struct pm_jobs_entry *e) {
  e->remove = true;
  e->pause = 0;
  pm_jobs_set_due(e, 1);
}

/* ---- states ---- */

static void note(struct pm_jobs_entry *e) {
  struct pm_jobs *jobs = e->owner;
  pm_job_events_note(&jobs->events, &e->job, e->survives,
                     jobs->context->now.real);
}

static void take_state(struct pm_jobs_entry *e,
                       const struct pm_job_state_record *s) {
  bool other =
      s->state != e->job.state.state || s->attempt != e->job.state.attempt;
  bool renewed = s->holder != e->job.state.holder;
  e->job.state = *s;
  pm_job_process_note(e, renewed);
  if (renewed && pm_holder_is_open(&e->holder))
    e->survives = pm_job_survives(s->holder);
  if (other) {
    pm_job_folder_read_exit(&e->owner->folders, &e->job);
    pm_job_process_find_exit(e);
    note(e);
  }
  if (pm_job_is_over(&e->job))
    pm_jobs_set_due(e, 1);
  note_change(e->owner);
  pm_job_waits_tell(e);
}

/* As its folder says: its last words may not have been read. */
static void take_last_state(struct pm_jobs_entry *e) {
  struct pm_job now;
  if (pm_job_folder_read(&e->owner->folders, e->job.id, &now) == 0)
    take_state(e, &now.state);
}

static void on_holder(struct pm_watch *watch, uint32_t events);

static void lose_holder(struct pm_jobs_entry *e) {
  pm_holder_close(&e->holder);
  if (pm_jobs_mono(e->owner) - e->held_since > LIVED_NS)
    e->pause = 0;
  take_last_state(e);
  pm_job_waits_answer(e, PM_JOB_ASKED_SENT, EPIPE);
  pm_jobs_set_due(e, 1);
}

static void on_holder(struct pm_watch *watch, uint32_t events) {
  struct pm_jobs_entry *e = (struct pm_jobs_entry *)watch;
  union pm_holder_message m;
  (void)events;
  for (int i = 0; i < MESSAGES; i++)
    switch (pm_holder_read(&e->holder, &m)) {
    case PM_HOLDER_NOTHING:
      return;
    case PM_HOLDER_STATE:
      take_state(e, &m.state);
      break;
    case PM_HOLDER_REPLY:
      pm_job_waits_take(e, &m.reply);
      break;
    case PM_HOLDER_GONE:
      lose_holder(e);
      return;
    }
}

/* ---- holders ---- */

/* Its state comes by itself. */
static void connect_holder(struct pm_jobs_entry *e) {
  struct pm_jobs *jobs = e->owner;
  int fd = pm_job_folder_connect(&jobs->folders, e->job.id);
  int status =
      fd < 0 ? fd : pm_holder_open(&e->holder, jobs->loop, fd, on_holder);
  if (status == 0) {
    e->held_since = pm_jobs_mono(jobs);
    e->survives = pm_job_survives(e->job.state.holder);
    pm_jobs_set_due(e, 0);
    pm_job_waits_send(e);
    return;
  }
  take_last_state(e);
  if (pm_job_is_over(&e->job))
    pm_jobs_set_due(e, 1);
  else if (status == -ECONNREFUSED || status == -ENOENT)
    pm_job_tend_start(e, PM_HOLD_START_RESCUE);
  else
    pm_job_tend_later(e);
}

/* Those who asked for a new start of one that was over. */
static void answer_again(struct pm_jobs_entry *e) {
  e->again = PM_JOB_AGAIN_NOT;
  take_last_state(e);
  pm_job_waits_answer(e, PM_JOB_ASKED_UNSENT, e->again_error);
}

static void look_after(struct pm_jobs_entry *e) {
  if (e->again == PM_JOB_AGAIN_DONE)
    answer_again(e);
  if (pm_job_is_over(&e->job))
    look_after_over(e);
  else if (!pm_holder_is_open(&e->holder))
    connect_holder(e);
}

/* ---- the table ---- */

struct pm_jobs_entry *pm_jobs_find(const struct pm_jobs *jobs, const char *id) {
  for (struct pm_jobs_entry *e = jobs->list; e; e = e->next)
    if (strcmp(e->job.id, id) == 0)
      return e;
  return NULL;
}

void pm_jobs_look_again(struct pm_jobs *jobs) {
  if (!jobs->look_at)
    jobs->look_at = pm_jobs_mono(jobs) + LOOK_AGAIN_NS;
}

/* What is scarce now may not be later. */
static bool may_pass(int status) {
  return status == -EMFILE || status == -ENFILE || status == -ENOMEM;
}

int pm_jobs_add(struct pm_jobs *jobs, const char *id,
                struct pm_jobs_entry **ret) {
  struct pm_jobs_entry *e = pm_jobs_find(jobs, id);
  if (e) {
    *ret = e;
    return 0;
  }
  if (pm_timers_reserve(&jobs->timers, jobs->count + 1) < 0 ||
      !(e = calloc(1, sizeof *e))) {
    pm_jobs_look_again(jobs);
    return -ENOMEM;
  }
  int status = pm_job_folder_read(&jobs->folders, id, &e->job);
  if (status < 0) {
    free(e);
    if (may_pass(status))
      pm_jobs_look_again(jobs);
    return status;
  }
  e->holder.watch.fd = -1;
  e->owner = jobs;
  bool expected = *find_coming(jobs, id);
  e->series = take_series(jobs, id);
  pm_job_process_note(e, true);
  e->survives = pm_job_is_over(&e->job); /* nothing of it can be ended */
  e->job.lost = pm_job_find(&e->job, jobs->folders.boot_id) == PM_JOB_LOST;
  e->next = jobs->list;
  jobs->list = e;
  jobs->count++;
  *ret = e;
  if (expected) /* its control group is known now, and may be gone soon */
    tell_tick(jobs);
  note_change(jobs);
  look_after(e);
  if (pm_jobs_are_known(jobs)) /* it is new, not found */
    note(e);
  return 0;
}

static void release(struct pm_jobs_entry *e) {
  while (e->waits)
    pm_jobs_unwait(e->waits);
  pm_holder_close(&e->holder);
  pm_timers_set(&e->owner->timers, &e->timer, 0);
  pm_action_cancel(e->action);
  e->action = NULL;
  e->owner->count--;
}

static void free_gone(struct pm_jobs *jobs) {
  note_change(jobs);
  for (struct pm_jobs_entry **at = &jobs->list; *at;) {
    struct pm_jobs_entry *e = *at;
    if (!e->gone) {
      at = &e->next;
      continue;
    }
    *at = e->next;
    release(e);
    e->kept_until = pm_jobs_mono(jobs) + REMOVED_NS;
    e->next = jobs->removed;
    jobs->removed = e;
  }
  jobs->some_gone = false;
}

/* ---- adoption ---- */

static void log_unread(struct pm_jobs *jobs, const char *id, int num) {
  struct pm_err err = PM_ERR_INIT;
  pm_err_set(&err, num, "read the job %s; its folder is left as it is", id);
  jobs->context->environment->log(PM_CONTROL_ERROR, err.text);
}

static void adopt_some(struct pm_jobs *jobs) {
  char id[PM_JOB_ID_MOST + 1];
  struct pm_jobs_entry *e;
  for (int i = 0; i < SCAN && pm_job_folders_next(&jobs->folders, id); i++) {
    bool told = jobs->look_at;
    int status = pm_jobs_add(jobs, id, &e);
    if (status < 0 && status != -ENOENT && !(told && may_pass(status)))
      log_unread(jobs, id, -status);
  }
}

/* Not while a helper may be starting one, whose folder is there before its
 * holder. */
static void look_again(struct pm_jobs *jobs) {
  if (!jobs->look_at || pm_jobs_mono(jobs) < jobs->look_at)
    return;
  jobs->look_at = 0;
  if (jobs->context->actions.list || pm_job_folders_again(&jobs->folders) < 0)
    pm_jobs_look_again(jobs);
}

/* ---- passes ---- */

void pm_jobs_sweep(struct pm_jobs *jobs) {
  struct pm_timer *t;
  look_again(jobs);
  adopt_some(jobs);
  while ((t = pm_timers_take(&jobs->timers, pm_jobs_mono(jobs))))
    look_after((struct pm_jobs_entry *)((char *)t -
                                        offsetof(struct pm_jobs_entry, timer)));
  if (jobs->some_gone)
    free_gone(jobs);
  if (!jobs->rows_due || pm_jobs_mono(jobs) < jobs->rows_due)
    return;
  tell_tick(jobs);
  if (pm_jobs_are_known(jobs)) /* or another may be older */
    pm_job_log_quota_apply(jobs->list,
                           jobs->context->environment->jobs->log_bytes_of_user,
                           pm_jobs_remove);
}

static uint64_t first_of(uint64_t a, uint64_t b) {
  return !a || (b && b < a) ? b : a;
}

uint64_t pm_jobs_next(const struct pm_jobs *jobs) {
  uint64_t next = pm_timers_next(&jobs->timers);
  if (jobs->folders.list)
    return 1;
  next = first_of(next, jobs->rows_due);
  return first_of(next, jobs->look_at);
}

const struct pm_job_places *pm_jobs_places(const struct pm_jobs *jobs) {
  return &jobs->places;
}

bool pm_jobs_are_known(const struct pm_jobs *jobs) {
  return !jobs->folders.list;
}

struct pm_job_events *pm_jobs_events(struct pm_jobs *jobs) {
  return &jobs->events;
}

struct pm_jobs_entry *pm_jobs_first(const struct pm_jobs *jobs) {
  return jobs->list;
}

/* ---- life ---- */

int pm_jobs_new(struct pm_context *context, struct pm_loop *loop,
                const char *socket, struct pm_jobs **ret, struct pm_err *err) {
  struct pm_jobs *jobs = calloc(1, sizeof *jobs);
  if (!jobs)
    return pm_err_set(err, ENOMEM, "make room for jobs");
  jobs->context = context;
  jobs->loop = loop;
  int status = pm_job_places_choose(context->environment->jobs, socket,
                                    &jobs->places, err);
  if (status == 0)
    status = pm_job_folders_open(&jobs->folders, jobs->places.state, err);
  if (status < 0) {
    free(jobs);
    return status;
  }
  *ret = context->jobs = jobs;
  note_change(jobs);
  return 0;
}

void pm_jobs_free(struct pm_jobs *jobs) {
  if (!jobs)
    return;
  while (jobs->list) {
    struct pm_jobs_entry *e = jobs->list;
    jobs->list = e->next;
    release(e);
    free(e);
  }
  while (jobs->removed) {
    struct pm_jobs_entry *e = jobs->removed;
    jobs->removed = e->next;
    free(e);
  }
  while (jobs->coming)
    pm_jobs_expect_not(jobs, jobs->coming->id);
  tell_tick(jobs); /* there are none any more */
  jobs->context->jobs = NULL;
  pm_exchange_set_jobs(pm_context_exchange(jobs->context), NULL, 0,
                       (double)NAN);
  pm_job_names_done(&jobs->names);
  pm_job_events_done(&jobs->events);
  pm_timers_done(&jobs->timers);
  pm_job_folders_close(&jobs->folders);
  free(jobs);
}
