/* Accepts connections, and pauses while there are no descriptors or too many
 * connections that do not close.  Who connects so often that it takes his share
 * of time (share.h) waits; and when many of his wait, he is turned away, with
 * words, for which there is a share of its own.  The control thread's. */
#ifndef PM_SERVER_ACCEPT_H
#define PM_SERVER_ACCEPT_H

#include "server/clients.h"
#include "server/listen.h"
#include "server/pending.h"

/* What the administrator is told, each at most once an hour. */
enum pm_accept_trouble {
  PM_ACCEPT_NO_DESCRIPTORS,
  PM_ACCEPT_UNCLOSED,
  PM_ACCEPT_TROUBLES
};

struct pm_accept {
  struct pm_clients *clients; /* (borrowed) */
  struct pm_listener listener;
  struct pm_watch watch;
  bool paused;    /* new connections wait in the listener's queue */
  bool held_back; /* they do, as too many were turned away */
  struct pm_pending pending;
  struct pm_share *away; /* (borrowed) for turning away */
  struct pm_buf words;   /* what is said to them */
  uint64_t maintain_at;  /* mono: when to check again what paused it */
  uint64_t logged[PM_ACCEPT_TROUBLES]; /* mono; 0 = never */
};

#define PM_ACCEPT_INIT                                                         \
  { .listener = PM_LISTENER_INIT, .watch.fd = -1 }

/* listener: taken over on success.  -errno. */
int pm_accept_open(struct pm_accept *accept, struct pm_clients *clients,
                   const struct pm_listener *listener, struct pm_err *err);
/* Unlinks the socket; connections that were never accepted are closed. */
void pm_accept_close(struct pm_accept *accept);

/* In each pass, before the clients' own sweep, and after it. */
void pm_accept_begin(struct pm_accept *accept);
void pm_accept_sweep(struct pm_accept *accept);
/* When it has something to do by itself (mono, 1 = at once); 0: never. */
uint64_t pm_accept_next(const struct pm_accept *accept);

#endif
