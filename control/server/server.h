/* The server of the control socket: puts the parts together and says what
 * happens in one pass of the loop.  For the control thread only, but for
 * pm_server_clients. */
#ifndef PM_SERVER_SERVER_H
#define PM_SERVER_SERVER_H

#include "server/environment.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/method.h"

#include "base/now.h"

struct pm_context;
struct pm_server;

/* What the server needs; everything but the listener is borrowed. */
struct pm_server_parts {
  const struct pm_environment *environment;
  const struct pm_method_ops *const *methods; /* by enum pm_method_id */
  struct pm_loop *loop;
  const struct pm_listener *listener; /* taken over on success */
};

int pm_server_new(const struct pm_server_parts *parts, struct pm_server **ret,
                  struct pm_err *err);
void pm_server_free(struct pm_server *server); /* accepts NULL */

/* Sets the time of this pass; to be called before the loop dispatches. */
void pm_server_begin(struct pm_server *server, struct pm_now now);
/* To be called after it: handles what has become due and frees what is done. */
void pm_server_sweep(struct pm_server *server);
/* When pm_server_sweep must be called at the latest (mono, 1 = at once); 0: no
 * limit. */
uint64_t pm_server_next(const struct pm_server *server);

/* For what is above it. */
struct pm_context *pm_server_context(struct pm_server *server);

unsigned pm_server_clients(const struct pm_server *server); /* any thread */

#endif
