/* Connections whose last close may block for as long as their sender likes (see
 * pm_client_hang_up).  Each is handed to a `procman-hold drop` of its own, so
 * many at a time; the others wait, and if too many do, nobody new is let in:
 * there is nothing else that would be bounded.  The control thread's. */
#ifndef PM_SERVER_DEFERRED_CLOSE_H
#define PM_SERVER_DEFERRED_CLOSE_H

#include <stdbool.h>

enum {
  PM_DEFERRED_HELPERS = 32, /* processes at a time */
  PM_DEFERRED_FULL = 64,    /* connections that wait: full */
  PM_DEFERRED_ROOM =
      2048, /* all that were let in before it was full, and more */
};

struct pm_deferred_closes {
  const char *path; /* (borrowed) of procman-hold */
  unsigned busy;
  int pidfd[PM_DEFERRED_HELPERS];
  unsigned waiting;
  int fd[PM_DEFERRED_ROOM];
};

/* Takes the connection over. */
void pm_deferred_close(struct pm_deferred_closes *deferred, int fd);
/* Is there somebody to look after?  Then call pm_deferred_close_sweep once a
 * second. */
bool pm_deferred_close_pending(const struct pm_deferred_closes *deferred);
bool pm_deferred_close_full(const struct pm_deferred_closes *deferred);
void pm_deferred_close_sweep(struct pm_deferred_closes *deferred);
/* Hands all of them over, however many, as collectd itself would be stuck in
 * its exit otherwise. */
void pm_deferred_close_done(struct pm_deferred_closes *deferred);

#endif
