/* What a holder opens while it still has the ids that it was started with: its
 * job's folder, which is closed to the job's user.  Afterwards nothing there is
 * opened again. */
#ifndef PM_KEEP_FILES_H
#define PM_KEEP_FILES_H

#include "base/job_spec.h"
#include "base/job_state.h"

#include "hold/keep/fault.h"

#include <stdbool.h>

struct keep_files {
  int folder; /* O_PATH; closed by keep_files_leave */
  int lock;   /* locked; the workload writes its mark there */
  int state, exit;
  int ctl;                  /* bound and listening */
  int from[PM_JOB_STREAMS]; /* read ends; -1: there is no such stream */
  int to[PM_JOB_STREAMS];   /* both ends: the workload's, and our write end */
  int scratch[2];
  int null;
  int log_dir; /* O_PATH; -1: there is none */
};

#define KEEP_FILES_INIT                                                        \
  {                                                                            \
    .folder = -1, .lock = -1, .state = -1, .exit = -1, .ctl = -1,              \
    .from = {-1, -1}, .to = {-1, -1}, .scratch = {-1, -1}, .null = -1,         \
    .log_dir = -1                                                              \
  }

/* The folder and its lock.  -EBUSY: another holder has it; -EPERM: the folder
 * is not this process's own, or open to others. */
int keep_files_lock(struct keep_files *files, const char *path,
                    struct keep_fault *fault);

/* Valid as long as this process lives. */
int keep_files_spec(const struct keep_files *files, struct pm_job_spec *ret,
                    struct keep_fault *fault);

/* The state as the holder before left it; all zero: there was none. */
int keep_files_state(struct keep_files *files, struct pm_job_state_record *ret,
                     struct keep_fault *fault);

/* The rest.  `writes`: the workload lives or will, so that the write ends are
 * needed, too. */
int keep_files_open(struct keep_files *files, const struct pm_job_spec *spec,
                    bool writes, struct keep_fault *fault);

/* Lets go of what only opening needed. */
void keep_files_leave(struct keep_files *files);

/* 0 or -errno; all of one page by one call. */
int keep_files_put(int fd, void *record, enum pm_job_kind kind, size_t size);

/* Lets go of the write ends: from now on end of file is exact. */
void keep_files_release(struct keep_files *files);

#endif
