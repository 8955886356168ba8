/* The door to the socket's file: made in a folder of ours, with its owner and
 * permissions before anybody can connect; a live one is never stolen, a stale
 * one replaced.  And accept(2), which survives running out of descriptors. */
#ifndef PM_SERVER_LISTEN_H
#define PM_SERVER_LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pm_listen_options {
  const char *path;
  gid_t group; /* (gid_t)-1: as it is made */
  mode_t perms;
};

struct pm_listener {
  int fd;           /* -1: none */
  int lock;         /* flock(2) on PATH.lock, for our life */
  int reserve;      /* a descriptor to give up when there is no other */
  bool fds_refused; /* nobody can pass descriptors: SO_PASSRIGHTS, Linux 6.16 */
  char path[108];
};

#define PM_LISTENER_INIT                                                       \
  { .fd = -1, .lock = -1, .reserve = -1 }

/* -errno: EADDRINUSE (another one serves there), EACCES (the folder is not
 * ours alone), ...; err says what would help. */
int pm_listen_open(const struct pm_listen_options *options,
                   struct pm_listener *ret, struct pm_err *err);
/* Nobody can connect any more; who has connected and was not accepted stays to
 * be accepted until pm_listen_close. */
void pm_listen_unlink(struct pm_listener *listener);
void pm_listen_close(struct pm_listener *listener);

/* A connection; -EAGAIN: nobody is there; else -errno: not now (ENOMEM, or no
 * descriptor and no reserve).  *last: it has the only descriptor that was left.
 * Hang up on it and call pm_listen_recover, which may fail: then there is no
 * reserve, and the next one would wake us for ever. */
int pm_listen_accept(struct pm_listener *listener, bool *last);
void pm_listen_recover(struct pm_listener *listener);

#endif
