#include "core/account/job_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  BELOW = 256
}; /* groups that are learned; of more, each is looked up
      again and again */

void pm_job_index_clear(struct pm_job_index *x) {
  struct pm_hash_table by_number = x->by_number, by_cgroup = x->by_cgroup,
                       by_pid = x->by_pid;
  free(x->list);
  free(x->group);
  free(x->cgroups);
  pm_hash_table_clear(&by_number);
  pm_hash_table_clear(&by_cgroup);
  pm_hash_table_clear(&by_pid);
  *x = (struct pm_job_index){
      .by_number = by_number, .by_cgroup = by_cgroup, .by_pid = by_pid};
}

void pm_job_index_done(struct pm_job_index *x) {
  pm_job_index_clear(x);
  pm_hash_table_done(&x->by_number);
  pm_hash_table_done(&x->by_cgroup);
  pm_hash_table_done(&x->by_pid);
}

/* ---- the list ---- */

void pm_job_index_learn(struct pm_job_index *x, uint64_t id,
                        const struct pm_job_scope *job) {
  size_t n = x->cgroup_count;
  if (!id || n == x->cgroup_room)
    return;
  x->cgroups[n] = (struct pm_job_cgroup){id, (uint32_t)(job - x->list)};
  pm_hash_table_add(&x->by_cgroup, pm_hash_number(id), (uint32_t)n);
  x->cgroup_count++;
}

static int make_room(struct pm_job_index *x, size_t count) {
  x->cgroup_room = count + BELOW;
  x->group = calloc(count + 1, sizeof(struct pm_group *));
  x->cgroups = calloc(x->cgroup_room, sizeof *x->cgroups);
  if (!x->group || !x->cgroups ||
      pm_hash_table_reserve(&x->by_cgroup, x->cgroup_room) < 0 ||
      pm_hash_table_reserve(&x->by_number, count) < 0 ||
      pm_hash_table_reserve(&x->by_pid, count) < 0)
    return -ENOMEM;
  return 0;
}

int pm_job_index_take(struct pm_job_index *x, struct pm_job_scope *list,
                      size_t count) {
  pm_job_index_clear(x);
  x->list = list;
  if (make_room(x, count) < 0) {
    pm_job_index_clear(x);
    return -ENOMEM;
  }
  x->count = count;
  for (size_t i = 0; i < count; i++) {
    pm_hash_table_add(&x->by_number, pm_hash_number(list[i].number),
                      (uint32_t)i);
    pm_job_index_learn(x, list[i].cgroup, &list[i]);
    if (list[i].cgroup || !list[i].pid)
      continue;
    pm_hash_table_add(&x->by_pid, pm_hash_number((uint32_t)list[i].pid),
                      (uint32_t)i);
    x->trees++;
  }
  return 0;
}

/* ---- looking one up ---- */

const struct pm_job_scope *pm_job_index_number(const struct pm_job_index *x,
                                               uint32_t number) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&x->by_number, pm_hash_number(number));
  for (uint32_t i; pm_hash_table_next(&x->by_number, &walk, &i);)
    if (x->list[i].number == number)
      return &x->list[i];
  return NULL;
}

const struct pm_job_scope *pm_job_index_cgroup(const struct pm_job_index *x,
                                               uint64_t id) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&x->by_cgroup, pm_hash_number(id));
  for (uint32_t i; pm_hash_table_next(&x->by_cgroup, &walk, &i);)
    if (x->cgroups[i].id == id)
      return &x->list[x->cgroups[i].place];
  return NULL;
}

const struct pm_job_scope *pm_job_index_path(const struct pm_job_index *x,
                                             const char *path) {
  char id[PM_JOB_ID_MOST + 1];
  if (!pm_job_scope_id(path, id))
    return NULL;
  for (size_t i = 0; i < x->count; i++)
    if (strcmp(x->list[i].id, id) == 0)
      return &x->list[i];
  return NULL;
}

const struct pm_job_scope *pm_job_index_first(const struct pm_job_index *x,
                                              int32_t pid, uint64_t birth) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&x->by_pid, pm_hash_number((uint32_t)pid));
  for (uint32_t i; pm_hash_table_next(&x->by_pid, &walk, &i);)
    if (x->list[i].pid == pid && x->list[i].birth == birth)
      return &x->list[i];
  return NULL;
}
