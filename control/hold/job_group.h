/* The control group of a job, as root makes it before the holder starts, where
 * no service manager does: TOP/procman/ID.  Its members are who belongs to the
 * job; its limits are theirs together. */
#ifndef PM_HOLD_JOB_GROUP_H
#define PM_HOLD_JOB_GROUP_H

#include "base/job_record.h"
#include "base/job_spec.h"
#include "hold/cgroup.h"

#include <stddef.h>

/* top: where cgroup2 is mounted.  Makes the group with the limits of the
 * fields; ret is its path, of HOLD_CGROUP_PATH bytes.  If ID is in use, by a
 * job of another state directory, ID.2 and so on.  -ENOTSUP: a limit's
 * controller is not there; or -errno; nothing is left then. */
int hold_job_group_make(const char *top, const char *id,
                        const struct pm_job_fields *fields, char *ret,
                        size_t size);

/* The job's folder has a link to it, PM_JOB_FILE_GROUP, so that every holder
 * finds it; one that is there already is replaced. */
int hold_job_group_link(int folder, const char *path);

/* Removes the groups beside that one whose jobs' folders are gone, as whoever
 * empties a state directory leaves them: the group itself says which folder
 * links to it.  Those with members stay, and those that are younger than a
 * minute. */
void hold_job_group_sweep(const char *path);

/* The one that is linked already, or, where that is gone or there was none, a
 * new one. */
int hold_job_group_renew(int folder, const char *id,
                         const struct pm_job_fields *fields, char *ret,
                         size_t size);

/* Kills who is left in the group that the folder's link names, waits a little
 * until it is empty and removes it, and the link.  -EBUSY: it is not empty. */
int hold_job_group_remove(int folder);
/* The same by its path. */
int hold_job_group_remove_path(const char *path);

/* Moves this process out of whichever group it is in, to the one of all
 * holders beside the job's, so that collectd's is not theirs. */
int hold_job_group_leave(const char *path);

#endif
