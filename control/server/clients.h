/* All clients of the socket and their calls, including calls whose client has
 * left: reads requests, and lets calls write while their client has room.  Owns
 * clients and calls; frees them only in pm_clients_sweep, so that no event of
 * the loop is delivered to a freed one.  For the control thread only, but for
 * pm_clients_count. */
#ifndef PM_SERVER_CLIENTS_H
#define PM_SERVER_CLIENTS_H

#include "server/clients_state.h"

/* -ENOMEM. */
int pm_clients_init(struct pm_clients *clients, struct pm_context *context,
                    struct pm_loop *loop, struct pm_err *err);
void pm_clients_done(struct pm_clients *clients); /* accepts a zeroed one */

/* Adds a connection, or answers why it is rejected.  The time for that, since
 * pm_share_begin, is counted to `share`, and whose it is then to the user's
 * own. On -errno it still belongs to the caller. */
int pm_clients_add(struct pm_clients *clients, int fd, bool fds_refused,
                   struct pm_share *share);

/* To be called before the loop dispatches. */
void pm_clients_begin(struct pm_clients *clients);
/* To be called after the loop has dispatched: takes requests, in rounds by
 * user, wakes calls for which the time has come or a snapshot was published,
 * closes clients that are too slow, frees what is done. */
void pm_clients_sweep(struct pm_clients *clients, bool published);
/* When pm_clients_sweep must be called at the latest (mono, 1 = at once); 0: no
 * limit. */
uint64_t pm_clients_next(const struct pm_clients *clients);

unsigned pm_clients_count(const struct pm_clients *clients); /* any thread */

#endif
