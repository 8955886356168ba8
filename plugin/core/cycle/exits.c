#include "core/cycle/exits.h"

#include "core/cycle/assign.h"
#include "core/cycle/charge.h"
#include "core/cycle/events.h"
#include "core/cycle/job_members.h"
#include "core/report/exit.h"

#include <string.h>
#include <sys/wait.h>

enum { LIMBO_S = 30 }; /* a death record comes some 20 ms after wait4(2) */

/* ---- how it ended ---- */

static enum pm_event event_of(const struct pm_task *t) {
  if (t->flags & PM_TASK_KERNEL) /* their exit status has no meaning */
    return PM_EVENT_EXIT_OK;
  if (WIFSIGNALED(t->status))
    return PM_EVENT_EXIT_SIGNAL;
  return WEXITSTATUS(t->status) ? PM_EVENT_EXIT_ERROR : PM_EVENT_EXIT_OK;
}

static void report_exit(struct pm_cycle *c, const struct pm_group *group,
                        const struct pm_task *t, uint64_t end_ns,
                        void (*report)(void *arg, const struct pm_exit *exit)) {
  uint64_t start_ns = t->birth * c->root.units.tick_ns;
  struct pm_relative self;
  pm_groups_relative(group, &self);
  struct pm_exit exit = {
      .group = group->name,
      .rule = self.rule - 1,
      .pid = t->pid,
      .birth = t->birth,
      .status = t->status,
      .oom = t->flags & PM_TASK_OOM,
      .lived_ns = end_ns > start_ns ? end_ns - start_ns : 0,
      .cpu_ns = t->v[PM_F_cpu_user] + t->v[PM_F_cpu_system],
      .maxrss_bytes = t->maxrss_bytes,
  };
  memcpy(exit.comm, t->comm, sizeof exit.comm);
  report(c->exits.arg, &exit);
}

void pm_exits_report(struct pm_cycle *c, struct pm_entry *e,
                     const struct pm_task *t, uint64_t end_ns) {
  if (e->flags & PM_ENTRY_EXIT_REPORTED || !(t->flags & PM_TASK_ENDED))
    return;
  e->flags |= PM_ENTRY_EXIT_REPORTED;
  pm_events_exit(c, e, t, end_ns);
  enum pm_event event = event_of(t);
  uint64_t *events = pm_groups_payer(&c->groups, e->group)->events;
  events[event]++;
  if (event == PM_EVENT_EXIT_SIGNAL && t->flags & PM_TASK_OOM)
    events[PM_EVENT_OOM]++;
  if (c->exits.report && e->group->notify && event != PM_EVENT_EXIT_OK)
    report_exit(c, e->group, t, end_ns, c->exits.report);
  if (c->exits.of_job && e->job)
    report_exit(c, e->group, t, end_ns, c->exits.of_job);
}

/* ---- reaped I/O ---- */

static void add_reaped_io(struct pm_cycle *c, const struct pm_entry *e,
                          int32_t parent, uint64_t parent_birth) {
  pm_reaped_add(&c->reaped, c->turn.number, parent, parent_birth,
                e->last[PM_F_faults_minor] + e->reaped_faults, e->last,
                e->known);
  struct pm_entry *parent_entry =
      pm_table_find(&c->table, parent, parent_birth);
  if (parent_entry)
    pm_reaped_correct(&c->reaped, parent_entry, false);
}

static void remove_entry(struct pm_cycle *c, struct pm_entry *e) {
  pm_assign_leave(e);
  pm_table_remove(&c->table, e);
}

/* ---- its group ---- */

/* Was it only forked and never called exec?  Then it belongs to its parent's
 * group. */
static bool is_copy(const struct pm_entry *parent, const struct pm_death *d) {
  return parent && parent->exec_mark == d->last.exec_mark &&
         d->parent_mark == d->last.exec_mark &&
         memcmp(parent->comm, d->last.comm, PM_COMM) == 0;
}

/* entry: as the last scan found it, or NULL. */
static struct pm_group *group_of(struct pm_cycle *c,
                                 const struct pm_entry *entry,
                                 const struct pm_death *d) {
  if (d->last.flags & PM_TASK_KERNEL)
    return &c->groups.kernel;
  uint32_t job = pm_job_members_of(c, entry, &d->last, NULL);
  if (job)
    return pm_job_members_group(c, job);
  const struct pm_entry *parent =
      pm_table_find(&c->table, d->last.ppid, d->parent_birth);
  struct pm_relative relative = {0};
  if (entry && entry->exec_mark == d->last.exec_mark)
    pm_groups_relative(entry->group, &relative);
  else if (is_copy(parent, d))
    pm_groups_relative(parent->group, &relative);
  return pm_assign_ended(c, &d->last, &relative);
}

/* A shell's child may be seen before its exec and end before the next scan. */
static void follow_exec(struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_death *d) {
  const struct pm_task *t = &d->last;
  if (e->exec_mark == t->exec_mark && e->uid == t->uid &&
      memcmp(e->comm, t->comm, PM_COMM) == 0)
    return;
  struct pm_group *group = group_of(c, e, d);
  if (group)
    pm_assign_move(e, group);
}

/* ---- a process that no scan has found ---- */

/* Charged only if it was born since the first scan: of an older one, the growth
 * since then is not known. */
static void charge_unseen(struct pm_cycle *c, const struct pm_death *d) {
  const struct pm_task *t = &d->last;
  if (c->turn.first_birth == 0 || t->birth < c->turn.first_birth ||
      !pm_is_birth(t->birth, c->root.units.tick_ns, c->turn.now.boot))
    return;
  struct pm_entry passing = {.pid = t->pid, .birth = t->birth, .uid = t->uid};
  pm_reaped_grow(&passing, t->reaped_faults);
  memcpy(passing.comm, t->comm, sizeof passing.comm);
  passing.flags = t->flags & PM_TASK_OWNER ? PM_ENTRY_OWNER : 0;
  passing.job = pm_job_members_of(c, NULL, t, NULL);
  passing.group = group_of(c, NULL, d);
  if (!passing.group) {
    c->exits.dropped++;
    return;
  }
  pm_groups_payer(&c->groups, passing.group)->events[PM_EVENT_START]++;
  pm_events_start(c, &passing);
  pm_charge_base(&passing, t, true);
  pm_reaped_correct(&c->reaped, &passing, true);
  pm_charge_growth(c, &passing, t);
  pm_exits_report(c, &passing, t, d->end_ns);
  add_reaped_io(c, &passing, t->ppid, d->parent_birth);
}

/* ---- records ---- */

static void charge_last(struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_death *d) {
  const struct pm_task *t = &d->last;
  follow_exec(c, e, d);
  pm_reaped_grow(e, t->reaped_faults);
  pm_charge_base(e, t, false);
  pm_reaped_correct(&c->reaped, e, true);
  e->flags &= (uint16_t)~PM_ENTRY_IO_WAITS;
  pm_charge_growth(c, e, t);
  pm_exits_report(c, e, t, d->end_ns);
  add_reaped_io(c, e, t->ppid, d->parent_birth);
  remove_entry(c, e);
}

void pm_exits_on_deaths(void *arg, const struct pm_death *batch, size_t n) {
  struct pm_cycle *c = arg;
  for (size_t i = 0; i < n; i++) {
    const struct pm_death *d = &batch[i];
    struct pm_entry *e = pm_table_find(&c->table, d->last.pid, d->last.birth);
    if (e)
      charge_last(c, e, d);
    else
      charge_unseen(c, d);
  }
}

/* ---- no record ---- */

static uint64_t birth_of(const struct pm_cycle *c, int32_t pid) {
  const struct pm_entry *e = pm_table_find_live(&c->table, pid);
  return e ? e->birth : 0;
}

void pm_exits_on_missing(void *arg, struct pm_entry *e) {
  struct pm_cycle *c = arg;
  if (e->seen == c->turn.number)
    return;
  bool waits = c->sampler.deaths;
  uint32_t now_s = (uint32_t)(c->turn.now.mono / PM_NS_PER_S);
  if (e->life == PM_LIFE_LIVE && waits) {
    e->life = PM_LIFE_LIMBO;
    e->limbo_until = now_s + LIMBO_S;
  }
  if (waits && now_s < e->limbo_until)
    return;
  if (!(e->flags & PM_ENTRY_EXIT_REPORTED))
    pm_events_vanished(c, e);
  add_reaped_io(c, e, e->ppid, birth_of(c, e->ppid));
  remove_entry(c, e);
}
