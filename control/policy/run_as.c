#include "policy/run_as.h"

#include <unistd.h>

static void be_peer(const struct pm_peer *p, struct pm_hold_identity *ret) {
  *ret = (struct pm_hold_identity){
      .uid = p->uid, .gid = p->gid, .group_count = (uint32_t)p->group_count};
  struct pm_peer_caps caps;
  pm_peer_caps(p, &caps);
  if (p->uid == 0) /* a root that gave up capabilities does not get them back */
    ret->capabilities = caps.effective;
}

static bool is_allowed(const struct pm_run_as *w, uint32_t uid) {
  struct pm_subject subject = pm_peer_subject(w->peer, w->sandboxed);
  return pm_allow_as(w->allow, &subject, w->method, uid);
}

int pm_run_as(const struct pm_run_as *w, struct pm_hold_identity *ret,
              struct pm_failure *f) {
  const struct pm_peer *p = w->peer;
  uint32_t owner = w->owner_uid;
  if (p->uid != 0 && owner != p->uid && is_allowed(w, owner))
    *ret = (struct pm_hold_identity){.uid = owner, .gid = w->owner_gid};
  else if (is_allowed(w, p->uid))
    be_peer(p, ret);
  else
    return pm_fail(f, PM_CODE_PERMISSION_DENIED,
                   "no <Allow> lets uid %u act as uid %u", p->uid, owner);
  if (ret->uid != geteuid() && !w->can_become)
    return pm_fail(f, PM_CODE_UNSUPPORTED,
                   "collectd lacks CAP_SETUID and CAP_SETGID, so it can act "
                   "for uid %u only; the drop-in collectd-procman-control.conf "
                   "for its unit grants them",
                   geteuid());
  return 0;
}
