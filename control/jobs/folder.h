/* The door to the folders of jobs, which belong to whoever collectd is, so that
 * nobody can make them slow: the records in them, and the socket of each
 * holder.  The folders of their logs are never looked into.  For the control
 * thread only. */
#ifndef PM_JOBS_FOLDER_H
#define PM_JOBS_FOLDER_H

#include "jobs/job.h"

#include "base/err.h"

#include <dirent.h>

struct pm_job_folders {
  int dir;   /* StateDir/jobs; -1: not open */
  int lock;  /* StateDir/lock: one collectd at a time has it */
  DIR *list; /* the next folder to be looked at; NULL: all were */
  uint8_t boot_id[PM_JOB_BOOT_ID];
};

/* Makes what is missing of them.  -errno; -EBUSY: another collectd has it. */
int pm_job_folders_open(struct pm_job_folders *folders, const char *state_dir,
                        struct pm_err *err);
void pm_job_folders_close(struct pm_job_folders *folders);

/* From the first one.  -errno. */
int pm_job_folders_again(struct pm_job_folders *folders);
/* The next id of those that were there when it was opened.  False: that was
 * all. */
bool pm_job_folders_next(struct pm_job_folders *folders,
                         char ret[PM_JOB_ID_MOST + 1]);

/* spec, state and exit.  -ENOENT: no such job; -EBADMSG, -EPROTONOSUPPORT:
 * damaged, or of a later version, to be left as it is; -errno. */
int pm_job_folder_read(const struct pm_job_folders *folders, const char *id,
                       struct pm_job *ret);
/* The kernel's id of its control group, by the link that root made; 0: there is
 * none, or it is gone.  What its holder says of that is not believed: by it a
 * user could have anybody's processes counted as his. */
uint64_t pm_job_folder_cgroup(const struct pm_job_folders *folders,
                              const char *id);
/* How it ended, once more. */
void pm_job_folder_read_exit(const struct pm_job_folders *folders,
                             struct pm_job *job);

/* A connection to its holder, which does not block.  -ECONNREFUSED or -ENOENT:
 * there is none; -errno. */
int pm_job_folder_connect(const struct pm_job_folders *folders, const char *id);

#endif
