/* The door to reading for a user: a procman-hold that sends messages for as
 * long as there are any, and waits while nobody takes them, so that a reader
 * that is slow costs nothing here.  For the control thread only. */
#ifndef PM_SERVER_SOURCE_H
#define PM_SERVER_SOURCE_H

#include "policy/peer_user.h"
#include "server/helper.h"
#include "server/loop.h"

#include "base/err.h"

#include <stddef.h>
#include <sys/uio.h>

enum {
  PM_SOURCES = 64,
  PM_SOURCES_ROOT = 8, /* of these, kept for root */
  PM_SOURCES_USER = 8, /* of one user but root; also those that are closed,
                        * until their helper has ended */
};

struct pm_source; /* one that is open */

struct pm_sources {
  const char *path;      /* (borrowed) of procman-hold */
  const char *proc_path; /* (borrowed) */
  struct pm_loop *loop;  /* (borrowed) */
  struct pm_source *list;
};

/* There is a message, or it has hung up. */
typedef void pm_source_ready(void *arg);

/* user: whose limit it counts against.  ready(arg) is called once for each time
 * that pm_source_take has found nothing, and once at the beginning. -EAGAIN:
 * too many are open; another -errno: procman-hold could not be started. */
int pm_source_open(struct pm_sources *sources, const char *mode,
                   pm_peer_user user, const struct iovec *record,
                   int record_count, pm_source_ready *ready, void *arg,
                   struct pm_source **ret, struct pm_err *err);
/* Takes one message and returns its length. -EAGAIN: there is none yet; 0: it
 * has hung up. */
ssize_t pm_source_take(struct pm_source *source, void *ret, size_t size);
/* Hangs up and kills it; ready() is not called any more.  Accepts NULL. */
void pm_source_close(struct pm_source *source);

/* Frees those that are closed and whose helper has ended; between two waits of
 * the loop. */
void pm_source_sweep(struct pm_sources *sources);
/* Frees all of them. */
void pm_source_done(struct pm_sources *sources);

#endif
