#include "core/cycle/assign.h"

#include "core/account/slot.h"
#include "core/cycle/cmdline.h"
#include "core/cycle/files.h"
#include "core/cycle/job_members.h"

#include <errno.h>
#include <string.h>

enum { ASSIGN_TURNS = 32 }; /* user, unit, command may change without an exec */

/* ---- moving ---- */

void pm_assign_leave(struct pm_entry *e) {
  e->group->members--;
  pm_slot_leave(e->group->slots, e->group->slot_count, e);
}

/* Counters that only details.c reads have a base only while the group is
 * emitted. */
void pm_assign_move(struct pm_entry *e, struct pm_group *group) {
  if (e->group == group)
    return;
  if (e->group) {
    pm_assign_leave(e);
    if (!group->admit.in || group->kind == PM_ROW_PSEUDO)
      e->details_turn = 0;
  }
  e->group = group;
  group->members++;
}

/* ---- what is known of it ---- */

unsigned pm_assign_wants(const struct pm_cycle *c, const struct pm_task *t) {
  struct pm_needs needs = pm_select_needs(c->select);
  const char *const *interpreters = pm_select_interpreters(c->select);
  unsigned want = 0;
  if (t->flags & PM_TASK_KERNEL || pm_job_members_by_cgroup(c, t))
    return 0;
  if (pm_name_needs_exe(t->comm)) /* which often does not have the name */
    want |= PM_WANT_EXE | PM_WANT_CMDLINE;
  if (needs.cmdline || pm_name_is_interpreter(t->comm, interpreters))
    want |= PM_WANT_CMDLINE;
  if (needs.uid && !(t->flags & PM_TASK_OWNER))
    want |= PM_WANT_UID;
  if (needs.cgroup || pm_job_members_want_cgroup(c, t))
    want |= PM_WANT_CGROUP;
  return want;
}

/* The user's name, where a rule asks for it; NULL: not known. */
static const char *user_of(struct pm_cycle *c, const struct pm_task *t,
                           const struct pm_detail *d) {
  bool by_sampler = t->flags & PM_TASK_OWNER;
  if (!pm_select_needs(c->select).uid ||
      (!by_sampler && !(d->got & PM_WANT_UID)))
    return NULL;
  return pm_user_name(&c->users, c->probe, c->turn.now,
                      by_sampler ? t->uid : d->uid);
}

static struct pm_evidence evidence_of(const struct pm_task *t,
                                      const struct pm_detail *d) {
  return (struct pm_evidence){
      .comm = t->comm,
      .exe = d->exe,
      .cmdline = d->cmdline,
      .cmdline_length = d->cmdline_length,
      .cmdline_known = d->got & PM_WANT_CMDLINE,
  };
}

static const char *cgroup_of(const struct pm_detail *d) {
  return d->got & PM_WANT_CGROUP ? d->cgroup : NULL;
}

static void classify_task(struct pm_cycle *c, const struct pm_task *t,
                          const struct pm_detail *d, struct pm_choice *ret) {
  struct pm_evidence evidence = evidence_of(t, d);
  evidence.user = user_of(c, t, d);
  evidence.cgroup = cgroup_of(d);
  if (evidence.cgroup && t->flags & PM_TASK_CGROUP)
    pm_cgroups_learn(&c->cgroups, t->cgroup, d->cgroup);
  pm_classify(&c->classifier, &evidence, ret);
}

/* ---- assigning ---- */

static struct pm_group *group_of(struct pm_cycle *c, const struct pm_task *t,
                                 const struct pm_detail *d, uint32_t job) {
  if (t->flags & PM_TASK_KERNEL)
    return &c->groups.kernel;
  if (job)
    return pm_job_members_group(c, job);
  struct pm_choice choice;
  classify_task(c, t, d, &choice);
  struct pm_group *group = pm_groups_get(&c->groups, &choice);
  if (group && group->kind == PM_ROW_AUTOMATIC)
    group->full = c->options->full;
  return group;
}

int pm_assign_group(struct pm_cycle *c, struct pm_entry *e,
                    const struct pm_task *t, const struct pm_detail *d) {
  uint32_t job = pm_job_members_of(c, e->group ? e : NULL, t, cgroup_of(d));
  struct pm_group *group = group_of(c, t, d, job);
  if (!group)
    return -ENOMEM;
  pm_assign_move(e, group);
  e->job = job;
  if (pm_entry_has_execed(e, t)) {
    pm_cmdline_drop(e);
    e->rss_lacks = 0;
  }
  e->exec_mark = t->exec_mark;
  if (t->flags & PM_TASK_OWNER) {
    e->uid = t->uid;
    e->ptrace_gid = t->ptrace_gid;
  }
  memcpy(e->comm, t->comm, sizeof e->comm);
  return 0;
}

struct pm_group *pm_assign_ended(struct pm_cycle *c, const struct pm_task *last,
                                 const struct pm_relative *relative) {
  struct pm_detail nothing;
  struct pm_choice choice;
  pm_detail_clear(&nothing);
  struct pm_evidence evidence = evidence_of(last, &nothing);
  evidence.user = user_of(c, last, &nothing);
  if (last->flags & PM_TASK_CGROUP && pm_select_needs(c->select).cgroup)
    evidence.cgroup = pm_cgroups_path(&c->cgroups, last->cgroup);
  pm_classify_ended(&c->classifier, &evidence, relative, &choice);
  return pm_groups_get(&c->groups, &choice);
}

bool pm_assign_is_due(struct pm_cycle *c, const struct pm_entry *e,
                      const struct pm_task *t) {
  if (pm_files_again(c, e) || pm_entry_has_execed(e, t) ||
      pm_job_members_changed(c, e, t))
    return true;
  struct pm_needs needs = pm_select_needs(c->select);
  if (!needs.uid && !needs.cgroup && !needs.cmdline &&
      !pm_job_members_want_cgroup(c, t))
    return false;
  if (needs.uid && t->flags & PM_TASK_OWNER && e->uid != t->uid)
    return true;
  /* a server drops its privileges soon after its start */
  return e->flags & PM_ENTRY_FRESH ||
         (c->turn.number + (uint32_t)e->pid) % ASSIGN_TURNS == 0;
}
