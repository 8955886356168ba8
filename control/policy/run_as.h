/* As whom an acting method acts: as the caller, or as the owner of the process
 * where the administrator granted that; never as collectd. */
#ifndef PM_POLICY_RUN_AS_H
#define PM_POLICY_RUN_AS_H

#include "policy/allow.h"
#include "policy/failure.h"
#include "policy/peer.h"

#include "base/hold_protocol.h"

struct pm_run_as {
  const struct pm_peer *peer; /* (borrowed) the caller */
  bool sandboxed;             /* it is confined */
  const struct pm_allow_options *allow;
  enum pm_method_id method;
  uint32_t owner_uid, owner_gid; /* of the process, real */
  bool can_become;               /* procman-hold can take on other ids */
};

/* Fills the identity that procman-hold takes on, but for its groups, which are
 * the peer's.  -1: *ret_failure says why not. */
int pm_run_as(const struct pm_run_as *wanted, struct pm_hold_identity *ret,
              struct pm_failure *ret_failure);

#endif
