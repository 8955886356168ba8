#include "methods/lookup.h"

static bool sees(struct pm_call *call, int32_t pid, const struct pm_detail *d) {
  struct pm_context *o = call->context;
  struct pm_visibility_viewer viewer;
  struct pm_snapshot_process row = {
      .pid = pid, .birth = d->birth, .uid = d->uid, .have = PM_SNAPSHOT_UID};
  pm_visibility_viewer(&o->visibility, o->now, call->peer, &viewer);
  return pm_visibility_process(&o->visibility, o->now, &viewer, &row);
}

int pm_lookup_process(struct pm_call *call, int32_t pid, uint64_t start_time,
                      unsigned want, struct pm_detail *ret) {
  struct pm_context *o = call->context;
  bool there = pm_detail_read(&o->root, NULL, o->now, pid, 0,
                              want | PM_WANT_IDS | PM_WANT_OWNER, ret) == 0 &&
               ret->got & PM_WANT_IDS && sees(call, pid, ret);
  if (!there && start_time)
    return pm_fail(&call->failure, PM_CODE_STALE_PROCESS,
                   "there is no process %d any more", pid);
  if (!there)
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "there is no process %d that you may see", pid);
  if (start_time && start_time != ret->birth)
    return pm_fail(&call->failure, PM_CODE_STALE_PROCESS,
                   "pid %d is now another process, started at %llu", pid,
                   (unsigned long long)ret->birth);
  return 0;
}
