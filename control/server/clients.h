/* All clients of the socket and their calls, those of clients that have left
 * included: reads their requests and lets their calls write while they have
 * room.  Owns clients and calls; frees them in pm_clients_sweep and nowhere
 * else, so that no event of the loop meets a freed one.  The control thread's
 * but for pm_clients_count. */
#ifndef PM_SERVER_CLIENTS_H
#define PM_SERVER_CLIENTS_H

#include "server/client.h"
#include "server/context.h"
#include "server/deferred_close.h"

#include "wire/json_in.h"

#include <stdatomic.h>

struct pm_clients {
  struct pm_context *context; /* (borrowed) */
  struct pm_loop *loop;       /* (borrowed) */
  struct pm_client *list;
  struct pm_call *detached;  /* calls that go on without their client */
  struct pm_json_in *reader; /* of requests, one at a time */
  unsigned max;              /* clients, as the descriptors allow */
  atomic_uint count;
  struct pm_deferred_closes deferred;
};

/* -ENOMEM. */
int pm_clients_init(struct pm_clients *clients, struct pm_context *context,
                    struct pm_loop *loop, struct pm_err *err);
void pm_clients_done(struct pm_clients *clients); /* a zeroed one is fine */

/* Adds a connection, or rejects it with an answer that says why.  -errno: it
 * stays the caller's. */
int pm_clients_add(struct pm_clients *clients, int fd, bool fds_refused);

/* After the loop has dispatched: lets calls see the time and, where a snapshot
 * was published, the turn; closes clients that are too slow; frees. */
void pm_clients_sweep(struct pm_clients *clients, bool published);
/* When pm_clients_sweep has something to do by itself (mono, 1 = at once); 0:
 * by itself never. */
uint64_t pm_clients_next(const struct pm_clients *clients);

unsigned pm_clients_count(const struct pm_clients *clients); /* any thread */

#endif
