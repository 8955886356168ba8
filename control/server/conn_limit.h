/* Limits on connections: in all, of one user, and some that are kept for
 * root.  Pure but for the client that is marked; for the control thread only.
 */
#ifndef PM_SERVER_CONN_LIMIT_H
#define PM_SERVER_CONN_LIMIT_H

#include "server/client.h"

enum {
  PM_CONN_LIMIT_ALL = 1024,
  PM_CONN_LIMIT_ROOT = 16, /* of these, kept for uid 0 */
  PM_CONN_LIMIT_USER = 64, /* of one uid but 0 */
};

/* May one more client of that uid connect, of `most` in all?  If necessary the
 * client that has been idle for longest is marked as dead: one of the same user
 * if the limit of that user is reached. */
bool pm_conn_limit_admit(struct pm_client *clients, unsigned most,
                         uint32_t uid);

#endif
