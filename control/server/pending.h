/* Connections that wait to be let in until their user has time (share.h): who
 * connects often waits for it, and nobody waits for him.  For the control
 * thread only. */
#ifndef PM_SERVER_PENDING_H
#define PM_SERVER_PENDING_H

#include "server/share.h"

enum {
  PM_PENDING_ALL = 128,
  PM_PENDING_USER = 16, /* of one user */
};

enum pm_pending_whose {
  PM_PENDING_ANY,
  PM_PENDING_NEXT, /* those of whom the last was not let in just before: the
                    * requests of who has both take turns with them */
};

struct pm_pending {
  struct {
    int fd;
    struct pm_share *share; /* joined */
  } at[PM_PENDING_ALL];     /* first come first */
  unsigned count;
};

/* Takes both over.  False: there is no place. */
bool pm_pending_add(struct pm_pending *pending, int fd, struct pm_share *share);
/* Gives back the first whose user has time now; if there is none, it is noted
 * that they wait (pm_share_may).  shares: NULL = the first, whatever his time.
 * False: none. */
bool pm_pending_next(struct pm_pending *pending, const struct pm_shares *shares,
                     enum pm_pending_whose whose, int *ret_fd,
                     struct pm_share **ret_share);

#endif
