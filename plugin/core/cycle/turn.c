#include "core/cycle/turn.h"

#include "core/account/gauges.h"
#include "core/cycle/assign.h"
#include "core/cycle/charge.h"
#include "core/cycle/cmdline.h"
#include "core/cycle/details.h"
#include "core/cycle/events.h"
#include "core/cycle/exits.h"
#include "core/cycle/files.h"
#include "core/cycle/snapshot_build.h"

#include <errno.h>
#include <string.h>

/* ---- entries ---- */

/* An entry for a process that no scan has found before; NULL: no memory. */
static struct pm_entry *add_new(struct pm_cycle *c, const struct pm_task *t,
                                const struct pm_detail *read) {
  struct pm_entry *e = pm_table_add(&c->table, t->pid, t->birth);
  if (!e)
    return NULL;
  e->reaped_faults = t->reaped_faults;
  if (pm_assign_group(c, e, t, read) < 0) {
    pm_table_remove(&c->table, e);
    return NULL;
  }
  if (!c->turn.first && t->birth >= c->turn.first_birth &&
      pm_is_birth(t->birth, c->root.units.tick_ns, c->turn.now.boot)) {
    e->flags |= PM_ENTRY_FRESH;
    e->reaped_faults = 0;
    pm_groups_payer(&c->groups, e->group)->events[PM_EVENT_START]++;
  }
  if (c->turn.first && t->state == 'Z')
    e->flags |= PM_ENTRY_EXIT_REPORTED; /* it ended before the first scan */
  c->turn.sees_kernel |= t->pid == 2 && t->flags & PM_TASK_KERNEL;
  return e;
}

/* By what was not read its group would be another: it stays where it is until
 * the next turn, unless it runs another program. */
static bool can_assign(const struct pm_cycle *c, const struct pm_entry *e,
                       const struct pm_task *t,
                       const struct pm_reader_item *read) {
  unsigned want = pm_assign_wants(c, t);
  return (read->status == 0 && (read->request.want & want) == want) ||
         pm_entry_has_execed(e, t);
}

/* The entry of a process that was found before; NULL: no memory. */
static struct pm_entry *update_known(struct pm_cycle *c, struct pm_entry *e,
                                     const struct pm_task *t,
                                     const struct pm_reader_item *read) {
  if (pm_assign_is_due(c, e, t) && can_assign(c, e, t, read) &&
      pm_assign_group(c, e, t, read->detail) < 0)
    return NULL;
  e->flags &= (uint16_t) ~(PM_ENTRY_FRESH | PM_ENTRY_MOVED);
  e->life = PM_LIFE_LIVE; /* it may have been in limbo */
  return e;
}

static void mark_seen(struct pm_cycle *c, struct pm_entry *e) {
  c->turn.seen += e->seen != c->turn.number;
  e->seen = c->turn.number;
}

static void mark_unreadable(struct pm_cycle *c, int32_t pid) {
  struct pm_entry *e = pm_table_find_live(&c->table, pid);
  c->turn.unreadable++;
  if (!e)
    return;
  mark_seen(c, e);
  e->flags &= (uint16_t)~PM_ENTRY_VERIFIED;
  e->flags |= PM_ENTRY_UNREADABLE;
  e->group->lacks |= c->sampler.gives;
}

static void count_entry(struct pm_cycle *c, struct pm_entry *e) {
  pm_rows_count_state(&c->turn.states, e->state);
  c->turn.threads += pm_gauge(e, PM_F_threads);
  e->group->processes++;
}

/* What the control thread needs of it. */
static void note_for_control(struct pm_cycle *c, struct pm_entry *e,
                             const struct pm_task *t,
                             const struct pm_reader_item *read) {
  pm_snapshot_build_note(c, e, t);
  if (read->request.want)
    pm_cmdline_take(c, e, t, read);
  pm_cmdline_count(c, e);
  if (e->flags & PM_ENTRY_FRESH)
    pm_events_start(c, e);
}

/* ---- scan ---- */

/* The steps are in this order because each relies on those before it. */
static void take_numbers(struct pm_cycle *c, struct pm_entry *e,
                         const struct pm_task *t) {
  if (!(e->flags & PM_ENTRY_IO_WAITS))
    e->reaped_now = 0;
  pm_reaped_grow(e, t->reaped_faults);
  /* 1. A counter that was not known until now gets a base, so that only what
   *    grows from here on is charged. */
  pm_charge_base(e, t, e->flags & PM_ENTRY_FRESH);
  /* 2. The delay may have fallen, as it loses that of threads that end.  Its
   *    base is lowered before growth is charged. */
  pm_charge_lower_delay(e, t);
  /* 3. What wait4(2) added of its ended children, which were charged
   *    themselves, is left out: the bases are raised by it. */
  pm_reaped_correct(&c->reaped, e, true);
  if (c->sampler.deaths)
    pm_reaped_wait(e);
  /* 4. What is above the bases is now this process's own growth. */
  pm_charge_growth(c, e, t);
  /* 5. How it ended is counted for the group that was charged, and last. */
  pm_exits_report(c, e, t, c->turn.now.boot);
  pm_gauges_keep(e, t);
  if (!c->sampler.exact_rss && !(t->flags & PM_TASK_PASSED_OVER))
    pm_gauges_correct_rss(e);
  pm_gauges_join(e, c->sampler.gives & ~PM_HAVE_COUNTERS);
}

static void note_verified(struct pm_entry *e, const struct pm_task *t) {
  e->flags &= (uint16_t)~PM_ENTRY_VERIFIED;
  if (!(t->flags & PM_TASK_PASSED_OVER) || t->flags & PM_TASK_SAME)
    e->flags |= PM_ENTRY_VERIFIED;
}

/* e NULL: it is new. */
static void take_process(struct pm_cycle *c, struct pm_entry *e,
                         const struct pm_task *t,
                         const struct pm_reader_item *read) {
  e = e ? update_known(c, e, t, read) : add_new(c, t, read->detail);
  if (!e) {
    c->turn.failed = -ENOMEM;
    return;
  }
  if (read->request.want)
    pm_files_note(c, e, read);
  if (c->options->control) /* before it is marked: this reads e->seen */
    note_for_control(c, e, t, read);
  mark_seen(c, e);
  note_verified(e, t);
  e->ppid = t->ppid;
  e->state = t->state;
  take_numbers(c, e, t);
  count_entry(c, e);
}

/* Its files, which it had to wait for, have been read. */
static void take_read(struct pm_cycle *c, const struct pm_task *t,
                      const struct pm_reader_item *read) {
  take_process(c, pm_table_find(&c->table, t->pid, t->birth), t, read);
}

static unsigned wanted_files(struct pm_cycle *c, const struct pm_entry *e,
                             const struct pm_task *t) {
  unsigned want = 0;
  if (!e || pm_assign_is_due(c, e, t))
    want |= pm_assign_wants(c, t);
  if (c->options->control)
    want |= pm_cmdline_wants(c, e, t);
  return pm_files_due(c, e, want);
}

static const struct pm_detail nothing;
static const struct pm_reader_item no_files = {.detail = &nothing};
static const struct pm_reader_item not_read = {
    .request.want = PM_WANT_STAT, .status = -EAGAIN, .detail = &nothing};

/* It is there, but was not read.  One that was passed over keeps what is known
 * of it, and the sampler may have some newer numbers. */
static void take_without_birth(struct pm_cycle *c, const struct pm_task *t) {
  struct pm_entry *e = pm_table_find_live(&c->table, t->pid);
  if (!e || !(t->flags & PM_TASK_PASSED_OVER)) {
    mark_unreadable(c, t->pid);
    return;
  }
  struct pm_task known = *t;
  known.birth = e->birth;
  known.ppid = e->ppid;
  known.exec_mark = e->exec_mark;
  known.reaped_faults = e->reaped_faults;
  known.state = t->state ? t->state : e->state;
  memcpy(known.comm, e->comm, sizeof known.comm);
  take_process(c, e, &known, &no_files);
}

static void take_task(struct pm_cycle *c, const struct pm_task *t) {
  c->turn.processes++;
  if (t->birth == 0) {
    take_without_birth(c, t);
    return;
  }
  struct pm_entry *e = pm_table_next(&c->table, t->pid, t->birth);
  unsigned want = wanted_files(c, e, t);
  if (!want)
    take_process(c, e, t, &no_files);
  else if (!pm_files_may_read(c, e, t))
    take_process(c, e, t, &not_read);
  else if (!pm_files_wait(c, t, want))
    pm_files_flush(c, take_read);
}

static void on_tasks(void *arg, const struct pm_task *batch, size_t n) {
  struct pm_cycle *c = arg;
  for (size_t i = 0; i < n && !c->turn.failed; i++)
    take_task(c, &batch[i]);
}

/* ---- the turn ---- */

static void begin_turn(struct pm_cycle *c, struct pm_now now) {
  c->turn.number++;
  c->turn.now = now;
  c->turn.failed = 0;
  c->budget.left_ns = PM_BUDGET_TURN_NS;
  c->turn.first = c->turn.first_birth == 0;
  c->turn.unreadable = c->turn.processes = c->turn.seen = 0;
  c->turn.threads = 0;
  c->turn.states = (struct pm_states){0};
  pm_groups_begin_turn(&c->groups);
  pm_snapshot_build_begin(c);
  pm_cmdline_begin(c);
  pm_files_begin(c);
}

static int scan_all(struct pm_cycle *c, const struct pm_sink *sink,
                    struct pm_err *err) {
  int status = c->sampler.ops->scan(c->sampler.self, sink, c->turn.now, err);
  pm_files_flush(c, take_read);
  if (status < 0)
    return status;
  if (c->turn.failed)
    return pm_err_set(err, -c->turn.failed, "track %u processes",
                      c->turn.processes);
  if (c->turn.processes == 0)
    return pm_err_say(err, ESRCH, "no process in %s: is it a proc(5)?",
                      c->root.proc_path);
  return 0;
}

int pm_drain(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  struct pm_sink sink = {.deaths = pm_exits_on_deaths, .arg = c};
  c->turn.now = now;
  if (!c->sampler.deaths)
    return 0;
  return c->sampler.ops->drain(c->sampler.self, &sink, now, &c->exits.dropped,
                               err);
}

static int run_turn(struct pm_cycle *c, struct pm_err *err) {
  struct pm_sink sink = {.tasks = on_tasks, .arg = c};
  int status = scan_all(c, &sink, err);
  if (status < 0)
    return status;
  if (c->turn.first)
    c->turn.first_birth = c->turn.now.boot / c->root.units.tick_ns;
  if (c->turn.seen < c->table.count)
    pm_table_each(&c->table, pm_exits_on_missing, c);
  pm_details_read(c);
  pm_reaped_expire(&c->reaped, c->turn.number - 1);
  if (c->turn.unreadable)
    pm_err_say(err, EACCES, "%u of %u processes in %s could not be read",
               c->turn.unreadable, c->turn.processes, c->root.proc_path);
  return 0;
}

int pm_turn(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  begin_turn(c, now);
  int status = run_turn(c, err);
  c->turn.skipped += status < 0;
  return status;
}
