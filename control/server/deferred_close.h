/* Connections whose last close may block for as long as their sender likes (see
 * pm_client_close).  Each user has a `procman-hold drop` of his own that takes
 * his and lets them go, so that he makes nobody wait but himself.  One that
 * takes no more, as it has all the descriptors that it may, is left alone with
 * them, and he has another one.  What cannot be handed over at once waits here,
 * and while very much does no connection is accepted: nothing else would be
 * bounded.  For the control thread only. */
#ifndef PM_SERVER_DEFERRED_CLOSE_H
#define PM_SERVER_DEFERRED_CLOSE_H

#include "policy/peer_user.h"

#include <stdbool.h>

enum {
  PM_DEFERRED_HELPERS = 32, /* users at a time */
  PM_DEFERRED_USER = 32,    /* waiting for one helper: it is replaced */
  PM_DEFERRED_RETIRED = 64, /* replaced ones that have not ended */
  PM_DEFERRED_FULL = 512,   /* waiting connections: no more are accepted */
  PM_DEFERRED_ROOM = 2048,  /* more than could be accepted before that */
};

struct pm_deferred_helper {
  pm_peer_user user;
  int socket, pidfd;
};

struct pm_deferred_closes {
  const char *path; /* (borrowed) of procman-hold */
  struct pm_deferred_helper helper[PM_DEFERRED_HELPERS];
  unsigned busy;
  int retired[PM_DEFERRED_RETIRED]; /* pidfds */
  unsigned retired_count;
  bool failed; /* no helper could be started; tried again by the next sweep */
  struct {
    pm_peer_user user;
    int fd;
  } waiting[PM_DEFERRED_ROOM];
  unsigned waiting_count;
};

/* Takes ownership of the user's connection. */
void pm_deferred_close(struct pm_deferred_closes *deferred, pm_peer_user user,
                       int fd);
/* True if pm_deferred_close_sweep must be called once a second. */
bool pm_deferred_close_pending(const struct pm_deferred_closes *deferred);
bool pm_deferred_close_full(const struct pm_deferred_closes *deferred);
void pm_deferred_close_sweep(struct pm_deferred_closes *deferred);
/* Passes all of them to helpers, however many: otherwise collectd itself would
 * block when it exits. */
void pm_deferred_close_done(struct pm_deferred_closes *deferred);

#endif
