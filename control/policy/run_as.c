#include "policy/run_as.h"

#include "control.h"

#include <errno.h>
#include <unistd.h>

/* ---- as whom ---- */

static void be_peer(const struct pm_peer *p, struct pm_hold_identity *as) {
  *as = (struct pm_hold_identity){
      .uid = p->uid, .gid = p->gid, .group_count = (uint32_t)p->group_count};
  struct pm_peer_caps power;
  pm_peer_caps(p, &power);
  if (p->uid == 0) /* a root that gave capabilities up does not get them back */
    as->capabilities = power.capabilities;
}

static bool lets(struct pm_call *call, enum pm_method_id method, uint32_t uid) {
  struct pm_confinement c;
  pm_peer_confinement(call->peer, &c);
  struct pm_subject subject = pm_call_subject(call, c.why[0] != '\0');
  return pm_allow_as(&call->context->environment->options->allow, &subject,
                     method, uid);
}

int pm_run_as(struct pm_call *call, enum pm_method_id method,
              const struct pm_detail *process, struct pm_hold_identity *ret) {
  const struct pm_peer *p = call->peer;
  uint32_t owner = process->uids[0];
  if (p->uid != 0 && owner != p->uid && lets(call, method, owner))
    *ret = (struct pm_hold_identity){.uid = owner, .gid = process->gids[0]};
  else if (lets(call, method, p->uid))
    be_peer(p, ret);
  else
    return pm_fail(&call->failure, PM_CODE_PERMISSION_DENIED,
                   "no <Allow> lets uid %u act as uid %u", p->uid, owner);
  if (ret->uid != geteuid() && !call->context->becomes)
    return pm_fail(&call->failure, PM_CODE_UNSUPPORTED,
                   "collectd lacks CAP_SETUID and CAP_SETGID, so it can act "
                   "for uid %u only; the drop-in collectd-procman-control.conf "
                   "for its unit grants them",
                   geteuid());
  return 0;
}

/* ---- what failed ---- */

static const struct {
  const char *name, *what;
} stages[] = {
    [PM_HOLD_STAGE_REQUEST] = {"request", "procman-hold does not take that"},
    [PM_HOLD_STAGE_GROUPS] = {"setgroups", NULL},
    [PM_HOLD_STAGE_GID] = {"setgid", NULL},
    [PM_HOLD_STAGE_UID] = {"setuid", NULL},
    [PM_HOLD_STAGE_CAPABILITIES] = {"capabilities", NULL},
    [PM_HOLD_STAGE_VERIFY] = {"verify", NULL},
    [PM_HOLD_STAGE_FIND] = {"find", "it is not there any more"},
    [PM_HOLD_STAGE_SCOPE] = {"scope", "collectd, pid 1 and threads of the "
                                      "kernel are never signalled"},
    [PM_HOLD_STAGE_SIGNAL] = {"signal",
                              "the kernel does not let you signal it"},
};

static const struct {
  int num;
  enum pm_code code;
  const char *what; /* more than the stage's */
} errors[] = {
    {ESRCH, PM_CODE_NOT_FOUND, NULL},
    {ESTALE, PM_CODE_STALE_PROCESS, "it is another process now"},
    {EPERM, PM_CODE_PERMISSION_DENIED, NULL},
    {EACCES, PM_CODE_PERMISSION_DENIED, NULL},
    {ENOTSUP, PM_CODE_UNSUPPORTED,
     "ProcPath shows another pid namespace, or the kernel has no "
     "pidfd_open(2)"},
    {EINVAL, PM_CODE_INVALID_ARGUMENT, NULL},
};

void pm_run_as_failed(struct pm_call *call, int32_t pid, int num,
                      enum pm_hold_stage stage) {
  enum pm_code code = PM_CODE_INTERNAL;
  bool known = (size_t)stage < sizeof stages / sizeof *stages;
  const char *what = known ? stages[stage].what : NULL;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    if (errors[i].num != num)
      continue;
    code = errors[i].code;
    what = errors[i].what ? errors[i].what : what;
  }
  if (known && !stages[stage].what) { /* it did not come so far as to act */
    code = PM_CODE_UNSUPPORTED;
    what = "procman-hold could not take on the ids, so it did nothing";
  }
  pm_fail(&call->failure, code, "pid %d: %s", pid,
          what ? what : "procman-hold did not answer");
  call->failure.num = num;
  call->failure.stage = known ? stages[stage].name : NULL;
}
