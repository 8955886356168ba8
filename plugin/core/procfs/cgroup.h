/* Paths of control groups by the kernel's id, for processes whose
 * /proc/PID/cgroup is gone.  The id is the inode of the group's directory in
 * the unified hierarchy (kernfs).  Belongs to the tick's thread. */
#ifndef PM_CORE_PROCFS_CGROUP_H
#define PM_CORE_PROCFS_CGROUP_H

#include "base/text_cache.h"
#include "core/procfs/root.h"

enum { PM_CGROUP_PATH = 512, PM_CGROUPS = 4096 };

struct pm_cgroups {
  const struct pm_root *root; /* (borrowed) */
  int top;                    /* root of the unified hierarchy; -1 = none */
  struct pm_text_cache paths; /* by id */
};

void pm_cgroups_init(struct pm_cgroups *cgroups, const struct pm_root *root);
void pm_cgroups_done(struct pm_cgroups *cgroups);

/* The path as /proc/PID/cgroup shows it; NULL: not known.  Valid until the
 * next call. */
const char *pm_cgroups_path(struct pm_cgroups *cgroups, uint64_t id);

/* Remembers what a living process showed, for those that have ended. */
void pm_cgroups_learn(struct pm_cgroups *cgroups, uint64_t id,
                      const char *path);

#endif
