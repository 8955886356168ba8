/* How many may be connected: in all, of one user, and for root alone. */
#ifndef PM_SERVER_CONN_LIMIT_H
#define PM_SERVER_CONN_LIMIT_H

#include "server/client.h"

enum {
  PM_CONN_LIMIT_ALL = 1024,
  PM_CONN_LIMIT_ROOT = 16, /* of those, for uid 0 alone */
  PM_CONN_LIMIT_USER = 64, /* of one uid but 0 */
};

/* Is there a place for one more of that uid, of `most` in all?  If need be the
 * client that has been idle longest is marked dead for it: one of the same
 * user, where it is his own share that is full. */
bool pm_conn_limit_admit(struct pm_client *clients, unsigned most,
                         uint32_t uid);

#endif
