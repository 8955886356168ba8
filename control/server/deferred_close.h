/* Connections whose last close may block for as long as their sender likes (see
 * pm_client_close).  Each is passed to a `procman-hold drop` of its own, a
 * limited number at a time; the others wait, and while too many wait no
 * connection is accepted: nothing else would be bounded.  For the control
 * thread only. */
#ifndef PM_SERVER_DEFERRED_CLOSE_H
#define PM_SERVER_DEFERRED_CLOSE_H

#include <stdbool.h>

enum {
  PM_DEFERRED_HELPERS = 32, /* helpers at a time */
  PM_DEFERRED_FULL = 64,    /* waiting connections: no more are accepted */
  PM_DEFERRED_ROOM = 2048,  /* more than could be accepted before that */
};

struct pm_deferred_closes {
  const char *path; /* (borrowed) of procman-hold */
  unsigned busy;
  int pidfd[PM_DEFERRED_HELPERS];
  unsigned waiting;
  int fd[PM_DEFERRED_ROOM];
};

/* Takes ownership of the connection. */
void pm_deferred_close(struct pm_deferred_closes *deferred, int fd);
/* True if pm_deferred_close_sweep must be called once a second. */
bool pm_deferred_close_pending(const struct pm_deferred_closes *deferred);
bool pm_deferred_close_full(const struct pm_deferred_closes *deferred);
void pm_deferred_close_sweep(struct pm_deferred_closes *deferred);
/* Passes all of them to helpers, however many: otherwise collectd itself would
 * block when it exits. */
void pm_deferred_close_done(struct pm_deferred_closes *deferred);

#endif
