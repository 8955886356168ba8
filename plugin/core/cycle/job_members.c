#include "core/cycle/job_members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

enum {
  BELOW = 256
}; /* groups below those of jobs; of more, each is looked up
      again and again */

static void forget(struct pm_cycle *c) {
  free(c->jobs.list);
  free(c->jobs.group);
  free(c->jobs.cgroups);
  pm_hash_table_clear(&c->jobs.by_cgroup);
  pm_hash_table_clear(&c->jobs.by_number);
  c->jobs.list = NULL;
  c->jobs.group = NULL;
  c->jobs.cgroups = NULL;
  c->jobs.count = c->jobs.cgroup_count = c->jobs.cgroup_room = 0;
  c->jobs.trees = 0;
}

void pm_job_members_done(struct pm_cycle *c) {
  forget(c);
  pm_hash_table_done(&c->jobs.by_cgroup);
  pm_hash_table_done(&c->jobs.by_number);
}

static void learn_cgroup(struct pm_cycle *c, uint64_t id, size_t place) {
  size_t n = c->jobs.cgroup_count;
  if (!id || n == c->jobs.cgroup_room)
    return;
  c->jobs.cgroups[n] = (struct pm_job_cgroup){id, (uint32_t)place};
  pm_hash_table_add(&c->jobs.by_cgroup, pm_hash_number(id), (uint32_t)n);
  c->jobs.cgroup_count++;
}

static void index_job(struct pm_cycle *c, uint32_t i) {
  const struct pm_job_scope *s = &c->jobs.list[i];
  pm_hash_table_add(&c->jobs.by_number, pm_hash_number(s->number), i);
  learn_cgroup(c, s->cgroup, i);
  c->jobs.trees += !s->cgroup && s->pid;
}

static struct pm_group *group_for(struct pm_cycle *c,
                                  const struct pm_job_scope *s) {
  if (s->name[0]) {
    struct pm_group *group = pm_groups_add_job(&c->groups, s->name);
    if (!group)
      return NULL;
    group->full = c->options->full;
    return group;
  }
  c->groups.jobs_shown = true;
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

static int make_room(struct pm_cycle *c, size_t count) {
  c->jobs.cgroup_room = count + BELOW;
  c->jobs.group = calloc(count + 1, sizeof(struct pm_group *));
  c->jobs.cgroups = calloc(c->jobs.cgroup_room, sizeof *c->jobs.cgroups);
  if (!c->jobs.group || !c->jobs.cgroups ||
      pm_hash_table_reserve(&c->jobs.by_cgroup, c->jobs.cgroup_room) < 0 ||
      pm_hash_table_reserve(&c->jobs.by_number, count) < 0)
    return -ENOMEM;
  return 0;
}

int pm_job_members_take(struct pm_cycle *c, struct pm_job_scope *list,
                        size_t count) {
  forget(c);
  c->jobs.list = list;
  int status = make_room(c, count);
  c->jobs.count = status < 0 ? 0 : count;
  for (size_t i = 0; i < c->jobs.count; i++)
    index_job(c, (uint32_t)i);
  if (make_groups(c) < 0)
    status = -ENOMEM;
  if (status < 0)
    forget(c);
  return status;
}

/* ---- looking one up ---- */

static const struct pm_job_scope *find_number(const struct pm_cycle *c,
                                              uint32_t number) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&c->jobs.by_number, pm_hash_number(number));
  for (uint32_t i; pm_hash_table_next(&c->jobs.by_number, &walk, &i);)
    if (c->jobs.list[i].number == number)
      return &c->jobs.list[i];
  return NULL;
}

static const struct pm_job_scope *find_cgroup(const struct pm_cycle *c,
                                              uint64_t id) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&c->jobs.by_cgroup, pm_hash_number(id));
  for (uint32_t i; pm_hash_table_next(&c->jobs.by_cgroup, &walk, &i);)
    if (c->jobs.cgroups[i].id == id)
      return &c->jobs.list[c->jobs.cgroups[i].place];
  return NULL;
}

static const struct pm_job_scope *find_path(const struct pm_cycle *c,
                                            const char *path) {
  char id[PM_JOB_ID_MOST + 1];
  if (!path || !pm_job_scope_id(path, id))
    return NULL;
  for (size_t i = 0; i < c->jobs.count; i++)
    if (strcmp(c->jobs.list[i].id, id) == 0)
      return &c->jobs.list[i];
  return NULL;
}

/* Its process, or a child of a member. */
static const struct pm_job_scope *find_tree(const struct pm_cycle *c,
                                            const struct pm_task *t) {
  for (size_t i = 0; i < c->jobs.count; i++) {
    const struct pm_job_scope *s = &c->jobs.list[i];
    if (!s->cgroup && s->pid && s->pid == t->pid && s->birth == t->birth)
      return s;
  }
  const struct pm_entry *parent = pm_table_find_live(&c->table, t->ppid);
  const struct pm_job_scope *s =
      parent && parent->job ? find_number(c, parent->job) : NULL;
  return s && !s->cgroup ? s : NULL;
}

/* ---- who belongs to one ---- */

bool pm_job_members_want_cgroup(const struct pm_cycle *c,
                                const struct pm_task *t) {
  return c->jobs.count > c->jobs.trees && !(t->flags & PM_TASK_CGROUP);
}

uint32_t pm_job_members_by_cgroup(const struct pm_cycle *c,
                                  const struct pm_task *t) {
  if (!c->jobs.count || !(t->flags & PM_TASK_CGROUP))
    return 0;
  const struct pm_job_scope *s = find_cgroup(c, t->cgroup);
  return s ? s->number : 0;
}

/* By a path, which is looked up where the kernel's id is not known: a job that
 * is being started is known before its control group is. */
static const struct pm_job_scope *
find_new_cgroup(struct pm_cycle *c, const struct pm_task *t, const char *path) {
  bool by_id = t->flags & PM_TASK_CGROUP;
  if (by_id && !path)
    path = pm_cgroups_path(&c->cgroups, t->cgroup);
  const struct pm_job_scope *s = find_path(c, path);
  if (s && by_id)
    learn_cgroup(c, t->cgroup, (size_t)(s - c->jobs.list));
  return s;
}

bool pm_job_members_changed(struct pm_cycle *c, const struct pm_entry *e,
                            const struct pm_task *t) {
  if (t->flags & PM_TASK_KERNEL || (!e->job && !c->jobs.count))
    return false;
  uint32_t number = pm_job_members_by_cgroup(c, t);
  if (number || !e->job)
    return number ? number != e->job : c->jobs.trees && find_tree(c, t);
  const struct pm_job_scope *s = find_number(c, e->job);
  if (!s || !s->cgroup || !(t->flags & PM_TASK_CGROUP))
    return !s;
  return find_new_cgroup(c, t, NULL) != s; /* it may be in one below */
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
  const struct pm_job_scope *s = e && e->job ? find_number(c, e->job) : NULL;
  if (stays(s, t, path))
    return s->number;
  s = find_new_cgroup(c, t, path);
  if (!s && c->jobs.trees)
    s = find_tree(c, t);
  return s ? s->number : 0;
}

struct pm_group *pm_job_members_group(struct pm_cycle *c, uint32_t number) {
  const struct pm_job_scope *s = find_number(c, number);
  return c->jobs.group[s - c->jobs.list];
}
