/* As whom a peer counts where every user is limited: places, rates, helpers,
 * lines in the log.  By the uid alone a user would be many: one line of
 * subuid(5) gives him 65,536, each of which may connect.  For the control
 * thread only. */
#ifndef PM_POLICY_PEER_USER_H
#define PM_POLICY_PEER_USER_H

#include <stdbool.h>
#include <stdint.h>

/* A uid, or a number above all uids. */
typedef uint64_t pm_peer_user;

/* The rest of what is limited is kept for this one. */
#define PM_PEER_USER_ROOT ((pm_peer_user)0)

/* ours: it is in our user namespace, and it is known for sure that it is: its
 * uid counts.  So does uid 0, which nobody but root can map into another one.
 * Else the one who made its namespace, or the outermost below ours
 * that it is in: a user; but for root, who makes them for others, each
 * namespace counts for itself.  Where the kernel does not tell (before 6.11),
 * or pidfd is -1: 65,536 uids are one. */
pm_peer_user pm_peer_user_of(uint32_t uid, bool ours, int pidfd);

#endif
