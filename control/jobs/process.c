#include "jobs/process.h"

#include "jobs/table.h"

#include "core/snapshot/exchange_jobs.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* proc_pid(5): the folder is the effective user's. */
static bool is_of(const struct pm_jobs *jobs, int32_t pid, uint32_t uid) {
  char path[PATH_MAX];
  struct stat st;
  snprintf(path, sizeof path, "%s/%d", jobs->context->environment->proc_path,
           (int)pid);
  return stat(path, &st) == 0 && st.st_uid == uid;
}

/* A holder could name any process; only its user's is taken for the job's. */
void pm_job_process_note(struct pm_jobs_entry *e, bool renewed) {
  const struct pm_job_state_record *s = &e->job.state;
  if (renewed || !e->cgroup)
    e->cgroup = pm_job_folder_cgroup(&e->owner->folders, e->job.id);
  if (!s->pid || (s->pid == e->pid && s->birth == e->birth) ||
      !is_of(e->owner, s->pid, e->job.uid))
    return;
  e->pid = s->pid;
  e->birth = s->birth;
  e->attempt = s->attempt;
}

void pm_job_process_find_exit(struct pm_jobs_entry *e) {
  struct pm_job_exit_record *exit = &e->job.exit;
  struct pm_exit seen;
  if (exit->how != PM_JOB_UNKNOWN || !e->pid || exit->attempt != e->attempt ||
      !pm_exchange_find_death(pm_context_exchange(e->owner->context), e->pid,
                              e->birth, &seen))
    return;
  bool exited = WIFEXITED(seen.status);
  exit->how = exited ? PM_JOB_CODE : PM_JOB_SIGNAL;
  exit->code = exited ? WEXITSTATUS(seen.status) : 0;
  exit->signal = exited ? 0 : WTERMSIG(seen.status);
  exit->core = !exited && WCOREDUMP(seen.status);
  exit->oom |= seen.oom;
}
