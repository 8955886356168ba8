#include "methods/logs_target.h"

#include "methods/lookup.h"

#include "base/copy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- a job ---- */

static int take_job(struct pm_call *call, const struct pm_jobs_entry *e,
                    struct pm_logs_target *ret) {
  const struct pm_job_places *p = pm_jobs_places(call->context->jobs);
  int n =
      snprintf(ret->folder, sizeof ret->folder, "%s/%s", p->jobs, e->job.id);
  if (n < 0 || (size_t)n >= sizeof ret->folder)
    return pm_fail(&call->failure, PM_CODE_INTERNAL,
                   "the path of the job's folder is too long");
  pm_copy_text(ret->id, sizeof ret->id, e->job.id);
  snprintf(ret->what, sizeof ret->what, "job %s", e->job.id);
  ret->pid = 0;
  ret->birth = 0;
  ret->as = (struct pm_hold_identity){0};
  ret->uid = e->job.uid;
  if (e->job.uid == geteuid() || call->context->can_become)
    return 0;
  return pm_fail(&call->failure, PM_CODE_UNSUPPORTED,
                 "collectd lacks CAP_SETUID and CAP_SETGID, so it cannot read "
                 "as uid %u",
                 e->job.uid);
}

/* Of that process, as its holder says; which its user can make say anything, so
 * the process must be that user's. */
static struct pm_jobs_entry *find_job_of(struct pm_call *call,
                                         const struct pm_logs_target *t) {
  struct pm_jobs *jobs = call->context->jobs;
  for (struct pm_jobs_entry *e = jobs ? pm_jobs_first(jobs) : NULL; e;
       e = e->next)
    if (e->job.state.pid == t->pid && e->job.state.birth == t->birth &&
        e->job.uid == t->owner_uid && !pm_job_has_ended(&e->job))
      return e;
  return NULL;
}

static bool may_read_job(struct pm_call *call, const struct pm_jobs_entry *e) {
  struct pm_subject subject = pm_job_subject(call);
  struct pm_job_owners owners = pm_job_owners_of(&e->job);
  return pm_allow_job(&call->context->environment->options->allow, &subject,
                      PM_METHOD_get_logs, &owners);
}

/* ---- a process ---- */

static int find_process(struct pm_call *call, const struct pm_json *params,
                        struct pm_logs_target *ret) {
  struct pm_detail d;
  ret->pid = (int32_t)pm_param_integer(params, "pid", 0);
  ret->birth = (uint64_t)pm_param_integer(params, "start_time", 0);
  ret->uid = call->peer->uid;
  snprintf(ret->what, sizeof ret->what, "pid %d", ret->pid);
  if (pm_lookup_process(call, ret->pid, ret->birth, 0, &d) < 0)
    return -1;
  ret->birth = d.birth;
  ret->owner_uid = d.uids[PM_ID_REAL];
  ret->owner_gid = d.gids[PM_ID_REAL];
  struct pm_jobs_entry *e = find_job_of(call, ret);
  if (e && may_read_job(call, e))
    return take_job(call, e, ret);
  int status =
      pm_lookup_identity(call, ret->owner_uid, ret->owner_gid, &ret->as);
  ret->uid = status < 0 ? call->peer->uid : ret->as.uid;
  return status;
}

int pm_logs_target_find(struct pm_call *call, const struct pm_json *params,
                        struct pm_logs_target *ret) {
  if (!pm_param_find(params, "job_id"))
    return find_process(call, params, ret);
  ret->uid = call->peer->uid;
  const struct pm_jobs_entry *e = pm_job_lookup_now(call, params);
  return e ? take_job(call, e, ret) : -1;
}

/* ---- later ---- */

static bool may_go_on_with_job(struct pm_call *call,
                               const struct pm_logs_target *t) {
  struct pm_jobs *jobs = call->context->jobs;
  const struct pm_jobs_entry *e = jobs ? pm_jobs_find(jobs, t->id) : NULL;
  if (!e ||
      may_read_job(call, e)) /* of one that was removed the helper knows */
    return true;
  pm_fail(&call->failure, PM_CODE_PERMISSION_DENIED,
          "uid %u may not read the job %s any more", call->peer->uid, t->id);
  return false;
}

bool pm_logs_target_may_go_on(struct pm_call *call,
                              const struct pm_logs_target *t) {
  struct pm_hold_identity as;
  if (*t->id)
    return may_go_on_with_job(call, t);
  if (pm_lookup_identity(call, t->owner_uid, t->owner_gid, &as) < 0)
    return false;
  if (as.uid == t->as.uid)
    return true;
  pm_fail(&call->failure, PM_CODE_PERMISSION_DENIED,
          "uid %u may not read as uid %u any more", call->peer->uid, t->as.uid);
  return false;
}

void pm_logs_target_audit(struct pm_call *call,
                          const struct pm_logs_target *t) {
  struct pm_audit_line line = {.peer = call->peer,
                               .method = "get_logs",
                               .verdict = pm_codes[call->failure.code].word,
                               .as = t->uid,
                               .pid = t->pid,
                               .start_time = t->birth,
                               .what = *t->id ? t->id : NULL};
  pm_audit_refused(&call->context->audit, call->context->now, &line);
}
