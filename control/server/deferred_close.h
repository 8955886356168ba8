/* Connections whose last close may block for as long as their sender likes (see
 * pm_client_hang_up).  Each is handed to a `procman-hold drop` of its own, so
 * many at a time; the others wait, and if too many do, nobody new is let in:
 * there is nothing else that would be bounded.  The control thread's. */
#ifndef PM_SERVER_DEFERRED_CLOSE_H
#define PM_SERVER_DEFERRED_CLOSE_H

#include <stdbool.h>

enum {
  PM_DROPS = 32,        /* processes at a time */
  PM_DROPS_MANY = 64,   /* connections that wait: full */
  PM_DROPS_ROOM = 2048, /* all that were let in before it was full, and more */
};

struct pm_drops {
  const char *path; /* (borrowed) of procman-hold */
  unsigned busy;
  int pidfd[PM_DROPS];
  unsigned waiting;
  int fd[PM_DROPS_ROOM];
};

/* Takes the connection over. */
void pm_drop(struct pm_drops *drops, int fd);
/* Is there somebody to look after?  Then call pm_drops_sweep once a second. */
bool pm_drops_any(const struct pm_drops *drops);
bool pm_drops_full(const struct pm_drops *drops);
void pm_drops_sweep(struct pm_drops *drops);
/* Hands all of them over, however many, as collectd itself would be stuck in
 * its exit otherwise. */
void pm_drops_done(struct pm_drops *drops);

#endif
