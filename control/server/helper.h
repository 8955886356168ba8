/* A procman-hold that works for a call: it is started with one request, which
 * is there before it looks, and answers through its end of a socket pair.  For
 * the control thread only. */
#ifndef PM_SERVER_HELPER_H
#define PM_SERVER_HELPER_H

#include "server/loop.h"

#include <sys/uio.h>

struct pm_helper {
  struct pm_watch watch; /* first: the loop hands it back; ready is set by the
                          * owner before the start */
  struct pm_loop *loop;  /* (borrowed) */
  int pidfd; /* -errno: there is none, and it cannot be killed; -ESRCH:
              * it had ended already */
};

struct pm_helper_work {
  const char *path;           /* of procman-hold */
  const char *mode;           /* its first argument */
  const char *proc_path;      /* its second one */
  const struct iovec *record; /* in parts */
  int record_count;
  int fd; /* goes along with it; -1: none */
};

/* -errno: nothing was started. */
int pm_helper_start(struct pm_helper *helper, struct pm_loop *loop,
                    const struct pm_helper_work *work);
/* Hangs up.  A helper that reads or writes sees it; a second call does
 * nothing. */
void pm_helper_hang_up(struct pm_helper *helper);
/* Only while it has not been hung up on, as its pid may be another process's
 * later. */
void pm_helper_kill(struct pm_helper *helper);
/* Hangs up, reaps it if it has ended, and releases the rest. */
void pm_helper_done(struct pm_helper *helper);

#endif
