#include "jobs/jobs.h"

#include "jobs/folder.h"
#include "jobs/rows.h"
#include "jobs/survival.h"
#include "server/context.h"

#include "base/hold_remove.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  SCAN = 32,    /* folders in a pass: 1 ms */
  MESSAGES = 8, /* of one holder in a pass */
  TENDED = 4,   /* helpers at work for jobs, at most */
};

#define ROWS_NS (PM_NS_PER_S / 2)
#define PAUSE_NS (PM_NS_PER_S / 10)
#define PAUSE_MOST_NS (60 * PM_NS_PER_S)
#define LIVED_NS (60 * PM_NS_PER_S) /* then a holder's death is no series */

struct pm_jobs {
  struct pm_context *context; /* (borrowed) */
  struct pm_loop *loop;       /* (borrowed) */
  struct pm_job_places places;
  struct pm_job_folders folders;
  struct pm_jobs_entry *list;
  size_t count;
  struct pm_timers timers;
  struct pm_job_events events;
  unsigned tended;   /* helpers at work */
  uint64_t rows_due; /* mono: rows of series are made; 0: nothing changed */
  bool some_gone;
};

static uint64_t mono(const struct pm_jobs *jobs) {
  return jobs->context->now.mono;
}

/* ---- who waits ---- */

static void tell(struct pm_job_wait *wait) {
  if (wait->changed)
    wait->changed(wait->arg);
}

/* Holders tell of their counters each second. */
static void note_change(struct pm_jobs *jobs) {
  if (!jobs->rows_due)
    jobs->rows_due = mono(jobs) + ROWS_NS;
}

static void tell_all(struct pm_jobs_entry *e) {
  note_change(e->owner);
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    tell(w);
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

static void answer(struct pm_job_wait *wait, int error) {
  wait->asked = PM_JOB_ASKED_ANSWERED;
  wait->error = error;
  tell(wait);
}

/* Those that were sent: nobody knows whether its holder came to do it. */
static void answer_sent(struct pm_jobs_entry *e, int error) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_SENT)
      answer(w, error);
}

static void answer_unsent(struct pm_jobs_entry *e, int error) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_UNSENT)
      answer(w, error);
}

/* ---- requests ---- */

static void set_due(struct pm_jobs_entry *e, uint64_t at) {
  pm_timers_set(&e->owner->timers, &e->timer, at);
}

static void send_request(struct pm_job_wait *wait) {
  struct pm_jobs_entry *e = wait->entry;
  wait->request.seq = ++e->seq;
  wait->asked = PM_JOB_ASKED_SENT;
  int status = pm_holder_ask(&e->holder, &wait->request);
  if (status < 0) /* its end is seen by the loop */
    answer(wait, status == -EAGAIN ? EBUSY : EPIPE);
}

static void send_unsent(struct pm_jobs_entry *e) {
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
  if (pm_job_is_over(&e->job))
    answer(wait, ESRCH);
  else if (pm_holder_is_open(&e->holder))
    send_request(wait);
}

static void take_reply(struct pm_jobs_entry *e, const struct pm_job_reply *r) {
  for (struct pm_job_wait *w = e->waits; w; w = w->next)
    if (w->asked == PM_JOB_ASKED_SENT && w->request.seq == r->seq)
      answer(w, r->error);
}

/* ---- helpers ---- */

static void on_tended(void *arg, const void *record, size_t length) {
  struct pm_jobs_entry *e = arg;
  (void)record;
  (void)length;
  e->action = NULL;
  e->owner->tended--;
  set_due(e, mono(e->owner) + PAUSE_NS / 4);
}

/* Longer and longer, while it does not help. */
static void look_again(struct pm_jobs_entry *e) {
  e->pause = e->pause ? 2 * e->pause : PAUSE_NS;
  if (e->pause > PAUSE_MOST_NS)
    e->pause = PAUSE_MOST_NS;
  set_due(e, mono(e->owner) + e->pause);
}

static void tend(struct pm_jobs_entry *e, const char *mode,
                 const struct iovec *record, int count) {
  struct pm_jobs *jobs = e->owner;
  struct pm_err err = PM_ERR_INIT;
  if (e->action)
    return;
  if (jobs->tended >= TENDED) {
    set_due(e, mono(jobs) + PAUSE_NS / 4);
    return;
  }
  look_again(e);
  int status = pm_action_start(&jobs->context->actions, jobs->context->now,
                               mode, PM_PEER_USER_ROOT, record, count, -1,
                               on_tended, e, &e->action, &err);
  jobs->tended += status == 0;
}

static void remove_folders(struct pm_jobs_entry *e) {
  const struct pm_job_places *p = &e->owner->places;
  struct pm_hold_remove_request r = {.schema = PM_HOLD_SCHEMA,
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

/* ---- one that is over ---- */

static void vanish(struct pm_jobs_entry *e) {
  e->gone = e->owner->some_gone = true;
  set_due(e, 0);
  while (e->waits) {
    struct pm_job_wait *w = e->waits;
    e->waits = w->next;
    w->entry = NULL;
    tell(w);
  }
}

static bool has_folder(const struct pm_jobs_entry *e) {
  struct pm_job unused;
  return pm_job_folder_read(&e->owner->folders, e->job.id, &unused) != -ENOENT;
}

static void look_after_over(struct pm_jobs_entry *e) {
  pm_holder_close(&e->holder);
  answer_unsent(e, ESRCH);
  if (!e->remove && !pm_job_is_removed(&e->job))
    set_due(e, 0);
  else if (has_folder(e))
    remove_folders(e);
  else
    vanish(e);
}

void pm_jobs_remove(struct pm_jobs_entry *e) {
  e->remove = true;
  e->pause = 0;
  set_due(e, 1);
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
  e->job.state = *s;
  if (other) {
    pm_job_folder_read_exit(&e->owner->folders, &e->job);
    note(e);
  }
  if (pm_job_is_over(&e->job))
    set_due(e, 1);
  tell_all(e);
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
  if (mono(e->owner) - e->held_since > LIVED_NS)
    e->pause = 0;
  take_last_state(e);
  answer_sent(e, EPIPE);
  set_due(e, 1);
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
      take_reply(e, &m.reply);
      break;
    case PM_HOLDER_GONE:
      lose_holder(e);
      return;
    }
}

/* ---- holders ---- */

static void rescue(struct pm_jobs_entry *e) {
  look_again(e); /* until procman-hold can start one */
}

/* Its state comes by itself. */
static void connect_holder(struct pm_jobs_entry *e) {
  struct pm_jobs *jobs = e->owner;
  int fd = pm_job_folder_connect(&jobs->folders, e->job.id);
  int status =
      fd < 0 ? fd : pm_holder_open(&e->holder, jobs->loop, fd, on_holder);
  if (status == 0) {
    e->held_since = mono(jobs);
    e->survives = pm_job_survives(e->job.state.holder);
    set_due(e, 0);
    send_unsent(e);
    return;
  }
  take_last_state(e);
  if (pm_job_is_over(&e->job))
    set_due(e, 1);
  else if (status == -ECONNREFUSED || status == -ENOENT)
    rescue(e);
  else
    look_again(e);
}

static void look_after(struct pm_jobs_entry *e) {
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

int pm_jobs_add(struct pm_jobs *jobs, const char *id,
                struct pm_jobs_entry **ret) {
  struct pm_jobs_entry *e = pm_jobs_find(jobs, id);
  if (e) {
    *ret = e;
    return 0;
  }
  if (pm_timers_reserve(&jobs->timers, jobs->count + 1) < 0 ||
      !(e = calloc(1, sizeof *e)))
    return -ENOMEM;
  int status = pm_job_folder_read(&jobs->folders, id, &e->job);
  if (status < 0) {
    free(e);
    return status;
  }
  e->holder.watch.fd = -1;
  e->owner = jobs;
  e->job.lost = pm_job_find(&e->job, jobs->folders.boot_id) == PM_JOB_LOST;
  e->next = jobs->list;
  jobs->list = e;
  jobs->count++;
  *ret = e;
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
  e->owner->count--;
  free(e);
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
    int status = pm_jobs_add(jobs, id, &e);
    if (status < 0 && status != -ENOENT)
      log_unread(jobs, id, -status);
  }
}

/* ---- passes ---- */

static void publish_rows(struct pm_jobs *jobs) {
  static struct pm_job_row rows[PM_EXCHANGE_JOBS];
  if (!jobs->rows_due || mono(jobs) < jobs->rows_due)
    return;
  jobs->rows_due = 0;
  size_t count = pm_job_rows_make(jobs->list, rows,
                                  jobs->context->environment->jobs->groups);
  pm_exchange_set_jobs(pm_context_exchange(jobs->context), rows, count,
                       (double)jobs->count);
}

void pm_jobs_sweep(struct pm_jobs *jobs) {
  struct pm_timer *t;
  adopt_some(jobs);
  while ((t = pm_timers_take(&jobs->timers, mono(jobs))))
    look_after((struct pm_jobs_entry *)((char *)t -
                                        offsetof(struct pm_jobs_entry, timer)));
  if (jobs->some_gone)
    free_gone(jobs);
  publish_rows(jobs);
}

uint64_t pm_jobs_next(const struct pm_jobs *jobs) {
  uint64_t next = pm_timers_next(&jobs->timers), rows = jobs->rows_due;
  if (jobs->folders.list)
    return 1;
  return !next || (rows && rows < next) ? rows : next;
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
  }
  jobs->context->jobs = NULL;
  pm_exchange_set_jobs(pm_context_exchange(jobs->context), NULL, 0,
                       (double)NAN);
  pm_job_events_done(&jobs->events);
  pm_timers_done(&jobs->timers);
  pm_job_folders_close(&jobs->folders);
  free(jobs);
}
