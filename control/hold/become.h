/* Taking on somebody's identity, so that the kernel decides what he may do.
 * Nothing may be done for him before this has returned 0, and after a refusal
 * nothing but saying so: it may have gone half of the way. */
#ifndef PM_HOLD_BECOME_H
#define PM_HOLD_BECOME_H

#include "base/hold_protocol.h"

/* groups: as->group_count of them; they are sorted in place.  For a uid but 0
 * no capability is left and no way back; for uid 0 those of as->capabilities
 * that this process holds.  Only what differs needs a capability: whoever is
 * the identity already can become it.
 * -errno, with the stage; -EPERM, VERIFY: every step was accepted, but what
 * came out is not the identity. */
int hold_become(const struct pm_hold_identity *as, uint32_t *groups,
                enum pm_hold_stage *ret_stage);

#endif
