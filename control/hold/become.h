/* Takes on a user's identity, so that the kernel decides what is permitted.
 * Nothing may be done for the user before this has returned 0.  After an error
 * the process may only report it: some of the ids may have changed. */
#ifndef PM_HOLD_BECOME_H
#define PM_HOLD_BECOME_H

#include "base/hold_protocol.h"

/* groups: as->group_count of them; they are sorted in place.  Afterwards a uid
 * other than 0 has no capability and cannot change its ids back; uid 0 has
 * those of as->capabilities that this process holds.  Capabilities are needed
 * only for ids that differ, so a process that has the identity already
 * succeeds. -errno, with the stage; -EPERM with VERIFY: every step succeeded,
 * but the result is not the identity. */
int hold_become(const struct pm_hold_identity *as, uint32_t *groups,
                enum pm_hold_stage *ret_stage);

#endif
