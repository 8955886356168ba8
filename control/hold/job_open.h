/* What is read of a job by others than its holder: its folder is opened as the
 * user who owns it, root; its log with the job's own ids, which are taken on in
 * between, as that belongs to the job's user. */
#ifndef PM_HOLD_JOB_OPEN_H
#define PM_HOLD_JOB_OPEN_H

#include "base/job_spec.h"
#include "base/job_state.h"

struct hold_job {
  struct pm_job_spec spec;
  void *bytes; /* of the record */
  int state;
  int logs; /* O_PATH: the folder above that of its log */
};

/* path: its folder, absolute.  -ENOENT: there is no such job; -EPERM: the
 * folder, or the one above its log, is open to others; -EBADMSG: it has no
 * spec; another -errno. */
int hold_job_open(const char *path, struct hold_job *ret);

/* Its log's folder, open for reading; with the job's ids.  -ENOENT: there is
 * none; -EPERM: it is not the job's user's; another -errno. */
int hold_job_open_log(const struct hold_job *job);

/* Works with any ids.  All zero: no holder has begun.  -ESTALE: the job's
 * folder was removed; another -errno. */
int hold_job_read_state(const struct hold_job *job,
                        struct pm_job_state_record *ret);

#endif
