/* Takes on a user's identity, so that the kernel decides what is permitted.
 * Nothing may be done for the user before this has returned 0.  After an error
 * the process may only report it: some of the ids may have changed. */
#ifndef PM_HOLD_BECOME_H
#define PM_HOLD_BECOME_H

#include "base/hold_protocol.h"

/* May what is executed later gain privileges, by set-uid files such as sudo's?
 * A helper never may; a job may, as its user may in a shell: prctl(2),
 * PR_SET_NO_NEW_PRIVS. */
enum hold_privileges { HOLD_NO_NEW_PRIVILEGES, HOLD_MAY_GAIN_PRIVILEGES };

/* groups: as->group_count of them; they are sorted in place.  Afterwards a uid
 * other than 0 has no capability and cannot change its ids back; uid 0 has
 * those of as->capabilities that this process holds.  Capabilities are needed
 * only for ids that differ, so a process that has the identity already
 * succeeds. -errno, with the stage; -EPERM with VERIFY: every step succeeded,
 * but the result is not the identity. */
int hold_become(const struct pm_hold_identity *as, uint32_t *groups,
                enum hold_privileges privileges, enum pm_hold_stage *ret_stage);

#endif
