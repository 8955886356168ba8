/* The folder of a job and the place of its log, as root makes them before a
 * holder starts; also as an ordinary user, for himself.  Every step is by a
 * descriptor of the folder above and follows no link, and no mode depends on
 * the umask.  One thread. */
#ifndef PM_HOLD_JOB_FOLDER_H
#define PM_HOLD_JOB_FOLDER_H

#include "base/job_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* JOBS/ID with all of the above but ctl; spec: the record, which appears last
 * and whole, so that a folder with a spec is a job.  JOBS must be this
 * process's own and nobody else's to write.  -EEXIST: an id is never used
 * twice; -EPERM: JOBS is not as it must be; or -errno.  Nothing of it is left
 * after an error. */
int hold_job_folder_make(const char *jobs, const char *id, const void *spec,
                         size_t length);

/* Opens JOBS/ID.  -ENOENT: there is none; -EPERM: it, or JOBS, is not as it
 * must be; -errno. */
int hold_job_folder_open(const char *jobs, const char *id);

/* All of it, ctl and its control group, too: of a job that has no holder.  What
 * is not there is no error. */
void hold_job_folder_remove(const char *jobs, const char *id);

/* LOGS/UID/ID, whose last folder belongs to the user, 0700, and the ones above
 * to this process.  Errors as above, or
 * -EREMOTE: it is not on a file system of this machine (local_fs.h); who is not
 * root can only make his own. */
int hold_job_log_make(const char *logs, const char *id, uint32_t uid,
                      uint32_t gid);
/* If it is empty: what is in it is the user's. */
void hold_job_log_remove(const char *logs, const char *id, uint32_t uid);

#endif
