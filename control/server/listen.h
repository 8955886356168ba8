/* The door to the socket's file: made in a folder that nobody else can write,
 * with owner and permissions set before anybody can connect; a socket in use is
 * never taken over, a stale one is replaced.  And accept(2), which copes with
 * running out of descriptors.  The caller owns the listener; one thread. */
#ifndef PM_SERVER_LISTEN_H
#define PM_SERVER_LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pm_listen_options {
  const char *path;
  gid_t group; /* (gid_t)-1: leave it */
  mode_t perms;
};

struct pm_listener {
  int fd;           /* -1: none */
  int lock;         /* flock(2) on PATH.lock, while the socket is served */
  int reserve;      /* given up when no descriptor is left */
  bool fds_refused; /* the kernel refuses passed descriptors (SO_PASSRIGHTS,
                     * Linux 6.16) */
  char path[108];
};

#define PM_LISTENER_INIT                                                       \
  { .fd = -1, .lock = -1, .reserve = -1 }

/* -errno: EADDRINUSE (another collectd serves it), EACCES (others can write to
 * the folder), ...; err says what would help. */
int pm_listen_open(const struct pm_listen_options *options,
                   struct pm_listener *ret, struct pm_err *err);
/* Nobody can connect any more; connections in the queue can still be accepted
 * until pm_listen_close. */
void pm_listen_unlink(struct pm_listener *listener);
void pm_listen_close(struct pm_listener *listener);

/* A connection. -EAGAIN: there is none; another -errno: not at the moment (no
 * memory, or neither a descriptor nor the reserve). *last: it took the only
 * descriptor left.  Close it and call pm_listen_recover; if that fails there is
 * no reserve, and the next connection would wake the loop again and again. */
int pm_listen_accept(struct pm_listener *listener, bool *last);
void pm_listen_recover(struct pm_listener *listener);

#endif
