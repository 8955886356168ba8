/* One connection: its input, its output and its calls.  Knows neither requests
 * nor methods.  A client that is over is only marked as dead; clients.c frees
 * it between two waits of the loop. */
#ifndef PM_SERVER_CLIENT_H
#define PM_SERVER_CLIENT_H

#include "policy/peer.h"
#include "server/deferred_close.h"
#include "server/loop.h"
#include "server/timers.h"

#include "wire/frame.h"
#include "wire/json_out.h"

struct pm_call;
struct pm_clients;

enum {
  PM_CLIENT_FULL = 16 << 10, /* above this much output nothing more is
                              * generated */
  PM_CLIENT_MAX = 512 << 10, /* limit with the piece that is being written: 100
                              * processes whose names are all control
                              * characters */
  PM_CLIENT_CALLS = 16,
  PM_CLIENT_STREAMS = 8,
  PM_CLIENT_REQUEST_S = 5,  /* from a request's first byte to its last */
  PM_CLIENT_BLOCKED_S = 10, /* without taking a byte of pending output */
  PM_CLIENT_MADE_S = 15,    /* until a list must be made */
};

/* What a pass looks after: something has happened to it.  All others rest. */
struct pm_touched {
  struct pm_client *clients; /* (borrowed) by next_touched */
  bool detached;             /* some of the calls whose client has left */
};

struct pm_client {
  struct pm_watch watch; /* must be first: the loop passes it back */
  struct pm_client *next;
  struct pm_client **link; /* to it, in the list of all */
  struct pm_client *next_touched;
  bool is_touched;
  struct pm_touched *touched; /* (borrowed) where that is noted */
  struct pm_timer timer;      /* when to look after it by itself */
  struct pm_clients *owner;   /* (borrowed) */
  struct pm_peer *peer;
  struct pm_share *share; /* (borrowed) of its user */
  uint64_t served;        /* number of its last turn */
  bool fds_refused; /* the kernel refuses passed descriptors, so there are none
                     * in its queue */
  struct pm_frame in;
  struct pm_buf out;
  struct pm_json_out *json;
  struct pm_call *calls;
  unsigned call_count, stream_count;
  uint64_t writings;      /* so many pieces have been written */
  uint64_t request_since; /* mono of the first byte of an incomplete request; 0
                           * = none */
  uint64_t blocked_since; /* mono since when it takes no output; 0 = it does */
  uint64_t last_request;  /* mono of its last request */
  bool eof;               /* it has closed its side: no further requests */
  bool gone;              /* it takes no answers; what it has asked for before
                           * is done */
  bool held_back;         /* it is not read from: its user has no time now */
  bool closing;           /* to be closed after the pending output */
  bool dead;              /* to be freed */
};

/* Takes fd over on success.  NULL: no memory. */
struct pm_client *pm_client_new(int fd, bool fds_refused, struct pm_peer *peer);
/* Closes the connection; its calls must have been freed. */
void pm_client_free(struct pm_client *client,
                    struct pm_deferred_closes *deferred);

/* Something has happened to it. */
void pm_client_touch(struct pm_client *client);

/* Reads once.  Never blocks, whatever was sent; sets eof or dead.  If it is
 * gone, the end is where nothing more is there. -EMSGSIZE: a
 * frame is too long. */
int pm_client_receive(struct pm_client *client);
/* Writes pending output, or discards it if the peer is gone; sets gone. */
void pm_client_send(struct pm_client *client, uint64_t mono);
bool pm_client_has_room(const struct pm_client *client);

/* Closes a connection.  If its queue may hold descriptors, this process must
 * not release their last reference: closing a lingering TCP socket or a file on
 * FUSE blocks for as long as its sender likes. */
void pm_client_close(int fd, bool fds_refused, pm_peer_user user,
                     struct pm_deferred_closes *deferred);

#endif
