/* Requests come in, answers go out: lets clients in, turns frames into calls,
 * and lets calls speak while their client has room.  Owns clients and calls;
 * nothing is freed but in pm_server_sweep. */
#ifndef PM_SERVER_SERVER_H
#define PM_SERVER_SERVER_H

#include "control.h"
#include "server/listen.h"
#include "server/loop.h"

#include "base/now.h"

struct pm_server;

/* listener: taken over on success. */
int pm_server_new(const struct pm_environment *environment,
                  struct pm_loop *loop, const struct pm_listener *listener,
                  struct pm_server **ret, struct pm_err *err);
void pm_server_free(struct pm_server *serve); /* accepts NULL */

/* The time of this pass: before the loop dispatches. */
void pm_server_begin(struct pm_server *serve, struct pm_now now);
/* After it: what has become due, what is over. */
void pm_server_sweep(struct pm_server *serve);
/* When something becomes due by itself (mono); 0: nothing will. */
uint64_t pm_server_next(const struct pm_server *serve);

/* Any thread. */
unsigned pm_server_clients(const struct pm_server *serve);

#endif
