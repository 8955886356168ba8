/* Limits on connections: in all, of one user (policy/peer_user.h), and some
 * that are kept for root.  Pure; for the control thread only. */
#ifndef PM_SERVER_CONN_LIMIT_H
#define PM_SERVER_CONN_LIMIT_H

#include "server/client.h"

enum {
  PM_CONN_LIMIT_ALL = 1024,
  PM_CONN_LIMIT_ROOT = 16, /* of these, kept for root */
  PM_CONN_LIMIT_USER = 64, /* of one user but root */
};

/* May one more client of that user connect, of `most` in all?  If necessary the
 * client that has been idle for longest is returned in *leaver, to be closed:
 * one of the same user if the limit of that user is reached. */
bool pm_conn_limit_admit(struct pm_client *clients, unsigned most,
                         pm_peer_user user, struct pm_client **leaver);

#endif
