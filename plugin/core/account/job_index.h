/* Jobs by what tells their processes: number, control group, its path.  The
 * group that each one's processes are in is set by the owner.  Belongs to the
 * tick's thread. */
#ifndef PM_CORE_ACCOUNT_JOB_INDEX_H
#define PM_CORE_ACCOUNT_JOB_INDEX_H

#include "base/hash_table.h"
#include "core/identity/job_scope.h"

struct pm_group;

struct pm_job_cgroup {
  uint64_t id;
  uint32_t place; /* in the list */
};

/* Zeroed: there are none. */
struct pm_job_index {
  struct pm_job_scope *list; /* malloc'd */
  struct pm_group **group;   /* of each (borrowed) */
  size_t count;
  size_t trees;                  /* jobs that have no control group */
  struct pm_job_cgroup *cgroups; /* of jobs, and found below these */
  size_t cgroup_count, cgroup_room;
  struct pm_hash_table by_number, by_cgroup; /* to places in these two */
  struct pm_hash_table by_pid;               /* those of trees, in the list */
};

/* Takes the list, malloc'd, in place of the last one.  -ENOMEM: there are none
 * then. */
int pm_job_index_take(struct pm_job_index *index, struct pm_job_scope *list,
                      size_t count);
void pm_job_index_clear(struct pm_job_index *index);
void pm_job_index_done(struct pm_job_index *index);

/* NULL: there is none. */
const struct pm_job_scope *pm_job_index_number(const struct pm_job_index *index,
                                               uint32_t number);
const struct pm_job_scope *pm_job_index_cgroup(const struct pm_job_index *index,
                                               uint64_t id);
const struct pm_job_scope *pm_job_index_path(const struct pm_job_index *index,
                                             const char *path);
/* One without a control group whose first process that is. */
const struct pm_job_scope *pm_job_index_first(const struct pm_job_index *index,
                                              int32_t pid, uint64_t birth);

/* That control group, too, is that job's: it was not known, or is below. */
void pm_job_index_learn(struct pm_job_index *index, uint64_t id,
                        const struct pm_job_scope *job);

#endif
