#include "core/cycle/job_members.h"

#include <errno.h>

/* ---- the list ---- */

static struct pm_group *group_for(struct pm_cycle *c,
                                  const struct pm_job_scope *s) {
  if (s->name[0]) {
    struct pm_group *group = pm_groups_add_job(&c->groups, s->name);
    if (!group)
      return NULL;
    group->full = c->options->full;
    return group;
  }
  return &c->groups.jobs;
}

static int make_groups(struct pm_cycle *c) {
  int status = 0;
  pm_groups_begin_jobs(&c->groups);
  for (size_t i = 0; i < c->jobs.count && status == 0; i++) {
    c->jobs.group[i] = group_for(c, &c->jobs.list[i]);
    status = c->jobs.group[i] ? 0 : -ENOMEM;
  }
  if (status < 0) /* none is a member of a list that is not there */
    pm_groups_begin_jobs(&c->groups);
  pm_groups_end_jobs(&c->groups);
  return status;
}

int pm_job_members_take(struct pm_cycle *c, struct pm_job_scope *list,
                        size_t count) {
  int status = pm_job_index_take(&c->jobs, list, count);
  if (make_groups(c) < 0) {
    pm_job_index_clear(&c->jobs);
    status = -ENOMEM;
  }
  return status;
}

/* ---- who belongs to one ---- */

/* Its process, or a child of a member. */
static const struct pm_job_scope *find_tree(const struct pm_cycle *c,
                                            const struct pm_task *t) {
  const struct pm_job_scope *s = pm_job_index_first(&c->jobs, t->pid, t->birth);
  if (s)
    return s;
  const struct pm_entry *parent = pm_table_find_live(&c->table, t->ppid);
  if (parent && parent->job)
    s = pm_job_index_number(&c->jobs, parent->job);
  return s && !s->cgroup ? s : NULL;
}

bool pm_job_members_want_cgroup(const struct pm_cycle *c,
                                const struct pm_task *t) {
  return c->jobs.count > c->jobs.trees && !(t->flags & PM_TASK_CGROUP);
}

uint32_t pm_job_members_by_cgroup(const struct pm_cycle *c,
                                  const struct pm_task *t) {
  if (!c->jobs.count || !(t->flags & PM_TASK_CGROUP))
    return 0;
  const struct pm_job_scope *s = pm_job_index_cgroup(&c->jobs, t->cgroup);
  return s ? s->number : 0;
}

/* By a path, which is looked up where the kernel's id is not known: a job that
 * is being started is known before its control group is. */
static const struct pm_job_scope *
find_new_cgroup(struct pm_cycle *c, const struct pm_task *t, const char *path) {
  bool by_id = t->flags & PM_TASK_CGROUP;
  if (by_id && !path)
    path = pm_cgroups_path(&c->cgroups, t->cgroup);
  const struct pm_job_scope *s =
      path ? pm_job_index_path(&c->jobs, path) : NULL;
  if (s && by_id)
    pm_job_index_learn(&c->jobs, t->cgroup, s);
  return s;
}

/* A job may get a group of its own, or lose it, while it runs. */
static bool is_in(const struct pm_cycle *c, const struct pm_entry *e,
                  const struct pm_job_scope *s) {
  return s->number == e->job && c->jobs.group[s - c->jobs.list] == e->group;
}

bool pm_job_members_changed(struct pm_cycle *c, const struct pm_entry *e,
                            const struct pm_task *t) {
  bool by_id = t->flags & PM_TASK_CGROUP;
  if (t->flags & PM_TASK_KERNEL || (!e->job && !c->jobs.count))
    return false;
  const struct pm_job_scope *s =
      by_id ? pm_job_index_cgroup(&c->jobs, t->cgroup) : NULL;
  if (s)
    return !is_in(c, e, s);
  if (!e->job)
    return c->jobs.trees && find_tree(c, t);
  s = pm_job_index_number(&c->jobs, e->job);
  if (!s || !is_in(c, e, s))
    return true;
  /* it may be in a control group below */
  return s->cgroup && by_id && find_new_cgroup(c, t, NULL) != s;
}

/* A member of one that has no control group, or none that is known yet, stays;
 * so does one of which nothing was read. */
static bool stays(const struct pm_job_scope *s, const struct pm_task *t,
                  const char *path) {
  return s && (!s->cgroup || (!path && !(t->flags & PM_TASK_CGROUP)));
}

uint32_t pm_job_members_of(struct pm_cycle *c, const struct pm_entry *e,
                           const struct pm_task *t, const char *path) {
  if (!c->jobs.count || t->flags & PM_TASK_KERNEL)
    return 0;
  uint32_t number = pm_job_members_by_cgroup(c, t);
  if (number)
    return number;
  const struct pm_job_scope *s =
      e && e->job ? pm_job_index_number(&c->jobs, e->job) : NULL;
  if (stays(s, t, path))
    return s->number;
  s = find_new_cgroup(c, t, path);
  if (!s && c->jobs.trees)
    s = find_tree(c, t);
  return s ? s->number : 0;
}

struct pm_group *pm_job_members_group(struct pm_cycle *c, uint32_t number) {
  const struct pm_job_scope *s = pm_job_index_number(&c->jobs, number);
  return c->jobs.group[s - c->jobs.list];
}
