#include "methods/lookup.h"

#include "policy/run_as.h"

#include <errno.h>

static bool sees(struct pm_call *call, int32_t pid, const struct pm_detail *d) {
  struct pm_context *o = call->context;
  struct pm_visibility_viewer viewer;
  struct pm_snapshot_process row = {
      .pid = pid, .birth = d->birth, .uid = d->uid, .have = PM_SNAPSHOT_UID};
  pm_visibility_viewer(&o->visibility, o->now, call->peer, &viewer);
  return pm_visibility_process(&o->visibility, &viewer, &row);
}

/* The start of a process of that user that cannot be read now; 0: no turn has
 * seen it. */
static uint64_t birth_in_snapshot(const struct pm_call *call, int32_t pid,
                                  uint32_t uid) {
  struct pm_snapshot *s = pm_context_latest(call->context);
  const struct pm_snapshot_process *row =
      s ? pm_snapshot_find(s, pid, 0) : NULL;
  bool is_his = row && row->have & PM_SNAPSHOT_UID && row->uid == uid;
  uint64_t birth = is_his ? row->birth : 0;
  pm_snapshot_unref(s);
  return birth;
}

static bool is_there(struct pm_call *call, int32_t pid, unsigned want,
                     struct pm_detail *ret) {
  const struct pm_detail *read;
  int status = pm_context_read(call->context, pid, 0,
                               want | PM_WANT_IDS | PM_WANT_OWNER, &read);
  if (status == -ESRCH)
    return false;
  *ret = *read;
  if (status < 0)
    ret->birth = birth_in_snapshot(call, pid, ret->uid);
  return ret->got & PM_WANT_IDS && sees(call, pid, ret);
}

int pm_lookup_process(struct pm_call *call, int32_t pid, uint64_t start_time,
                      unsigned want, struct pm_detail *ret) {
  bool there = is_there(call, pid, want, ret);
  if (!there && start_time)
    return pm_fail(&call->failure, PM_CODE_STALE_PROCESS,
                   "there is no process %d any more", pid);
  if (!there)
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "there is no process %d that you may see", pid);
  if (!ret->birth)
    return pm_fail(&call->failure, PM_CODE_TIMED_OUT,
                   "process %d blocks whoever reads it, and no interval has "
                   "seen it yet; try again in a moment",
                   pid);
  if (start_time && start_time != ret->birth)
    return pm_fail(&call->failure, PM_CODE_STALE_PROCESS,
                   "pid %d is now another process, started at %llu", pid,
                   (unsigned long long)ret->birth);
  return 0;
}

int pm_lookup_identity(struct pm_call *call, uint32_t owner_uid,
                       uint32_t owner_gid, struct pm_hold_identity *ret) {
  struct pm_context *context = call->context;
  struct pm_confinement confinement;
  pm_context_confinement(context, call->peer, &confinement);
  struct pm_run_as wanted = {
      .peer = call->peer,
      .sandboxed = confinement.why[0] != '\0',
      .allow = &context->environment->options->allow,
      .method = (enum pm_method_id)(call->method - pm_methods),
      .owner_uid = owner_uid,
      .owner_gid = owner_gid,
      .can_become = context->can_become,
  };
  return pm_run_as(&wanted, ret, &call->failure);
}
