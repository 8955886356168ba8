/* Requests come in, answers go out: lets clients in, turns frames into calls,
 * and lets calls speak while their client has room.  Owns clients and calls;
 * nothing is freed but in pm_serve_sweep. */
#ifndef PM_SERVER_SERVER_H
#define PM_SERVER_SERVER_H

#include "control.h"
#include "server/listen.h"
#include "server/loop.h"

#include "base/now.h"

struct pm_serve;

/* listener: taken over on success. */
int pm_serve_new(const struct pm_control_world *world, struct pm_loop *loop,
                 const struct pm_listener *listener, struct pm_serve **ret,
                 struct pm_err *err);
void pm_serve_free(struct pm_serve *serve); /* accepts NULL */

/* The time of this pass: before the loop dispatches. */
void pm_serve_begin(struct pm_serve *serve, struct pm_now now);
/* After it: what has become due, what is over. */
void pm_serve_sweep(struct pm_serve *serve);
/* When something becomes due by itself (mono); 0: nothing will. */
uint64_t pm_serve_next(const struct pm_serve *serve);

/* Any thread. */
unsigned pm_serve_clients(const struct pm_serve *serve);

#endif
