#include "core/cycle/turn.h"

#include "core/account/gauges.h"
#include "core/cycle/assign.h"
#include "core/cycle/charge.h"
#include "core/cycle/cmdline.h"
#include "core/cycle/details.h"
#include "core/cycle/events.h"
#include "core/cycle/exits.h"
#include "core/cycle/snapshot_build.h"

#include <errno.h>

/* ---- scan ---- */

static struct pm_entry *add_new(struct pm_cycle *c, const struct pm_task *t) {
  struct pm_entry *e = pm_table_add(&c->table, t->pid, t->birth);
  if (!e) {
    c->failed = -ENOMEM;
    return NULL;
  }
  e->reaped_faults = t->reaped_faults;
  pm_assign_group(c, e, t);
  if (c->failed) {
    pm_table_remove(&c->table, e);
    return NULL;
  }
  if (!c->first && t->birth >= c->first_birth) {
    e->flags |= PM_ENTRY_FRESH;
    e->reaped_faults = 0;
    pm_groups_payer(&c->groups, e->group)->events[PM_EVENT_START]++;
  }
  if (c->first)
    e->flags |= PM_ENTRY_EXIT_REPORTED * (t->state == 'Z');
  c->sees_kernel |= t->pid == 2 && t->flags & PM_TASK_KERNEL;
  return e;
}

static struct pm_entry *known(struct pm_cycle *c, struct pm_entry *e,
                              const struct pm_task *t) {
  if (pm_assign_is_due(c, e, t))
    pm_assign_group(c, e, t);
  e->flags &= (uint8_t) ~(PM_ENTRY_FRESH | PM_ENTRY_MOVED);
  e->life = PM_LIFE_LIVE; /* it may have been in limbo */
  return c->failed ? NULL : e;
}

static void mark_seen(struct pm_cycle *c, struct pm_entry *e) {
  c->seen += e->seen != c->turn;
  e->seen = c->turn;
}

static void unreadable(struct pm_cycle *c, int32_t pid) {
  struct pm_entry *e = pm_table_find_live(&c->table, pid);
  c->unreadable++;
  if (!e)
    return;
  mark_seen(c, e);
  e->flags |= PM_ENTRY_UNREADABLE;
  e->group->lacks |= c->sampler.gives;
}

static void count(struct pm_cycle *c, struct pm_entry *e) {
  pm_rows_count_state(&c->states, e->state);
  c->threads += e->gauge[PM_F_threads - PM_F_COUNTERS];
  e->group->processes++;
}

static void take_note(struct pm_cycle *c, struct pm_entry *e,
                      const struct pm_task *t) {
  pm_snapshot_build_note(c, e, t);
  pm_cmdline_refresh(c, e, t);
  if (e->flags & PM_ENTRY_FRESH)
    pm_events_start(c, e);
}

static void see(struct pm_cycle *c, const struct pm_task *t) {
  c->processes++;
  if (t->birth == 0) {
    unreadable(c, t->pid);
    return;
  }
  struct pm_entry *e = pm_table_next(&c->table, t->pid, t->birth);
  e = e ? known(c, e, t) : add_new(c, t);
  if (!e)
    return;
  if (c->options->control)
    take_note(c, e, t);
  mark_seen(c, e);
  e->ppid = t->ppid;
  e->state = t->state;
  e->reaped_now = t->reaped_faults - e->reaped_faults;
  e->reaped_faults = t->reaped_faults;
  pm_charge_base(e, t, e->flags & PM_ENTRY_FRESH);
  pm_charge_lower_delay(e, t);
  pm_reaped_correct(&c->reaped, e, true);
  pm_charge_growth(c, e, t);
  pm_exits_report(c, e, t, c->now.boot);
  pm_gauges_keep(e, t);
  pm_gauges_join(e, c->sampler.gives & ~PM_HAVE_COUNTERS);
  count(c, e);
}

static void on_tasks(void *arg, const struct pm_task *batch, size_t n) {
  struct pm_cycle *c = arg;
  for (size_t i = 0; i < n && !c->failed; i++)
    see(c, &batch[i]);
}

/* ---- the turn ---- */

static void begin(struct pm_cycle *c, struct pm_now now) {
  c->turn++;
  c->now = now;
  c->failed = 0;
  c->first = c->first_birth == 0;
  c->unreadable = c->processes = c->seen = 0;
  c->threads = 0;
  c->states = (struct pm_states){0};
  pm_groups_begin_turn(&c->groups);
  pm_snapshot_build_begin(c);
  pm_cmdline_begin(c);
}

static int scan(struct pm_cycle *c, const struct pm_sink *sink,
                struct pm_err *err) {
  int status = c->sampler.ops->scan(c->sampler.self, sink, err);
  if (status < 0)
    return status;
  if (c->failed)
    return pm_err_set(err, -c->failed, "take in %u processes", c->processes);
  if (c->processes == 0)
    return pm_err_say(err, ESRCH, "no process in %s: is it a proc(5)?",
                      c->root.proc_path);
  return 0;
}

int pm_drain(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  struct pm_sink sink = {.deaths = pm_exits_on_deaths, .arg = c};
  c->now = now;
  if (!c->sampler.deaths)
    return 0;
  return c->sampler.ops->drain(c->sampler.self, &sink, now, &c->dropped, err);
}

int pm_turn(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  struct pm_sink sink = {.tasks = on_tasks, .arg = c};
  begin(c, now);
  int status = scan(c, &sink, err);
  if (status < 0)
    return status;
  if (c->first)
    c->first_birth = now.boot / c->root.units.tick_ns;
  if (c->seen < c->table.count)
    pm_table_each(&c->table, pm_exits_on_missing, c);
  pm_details_read(c);
  pm_reaped_expire(&c->reaped, c->turn - 1);
  if (status == 0 && c->unreadable)
    pm_err_say(err, EACCES, "%u of %u processes in %s could not be read",
               c->unreadable, c->processes, c->root.proc_path);
  return status;
}
