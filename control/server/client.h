/* One connection: its bytes in and out, and its calls.  Knows neither requests
 * nor verbs.  A client that is dead is marked; only serve frees it, between two
 * waits of the loop. */
#ifndef PM_SERVER_CLIENT_H
#define PM_SERVER_CLIENT_H

#include "policy/peer.h"
#include "server/deferred_close.h"
#include "server/loop.h"

#include "wire/frame.h"
#include "wire/json_out.h"

struct pm_call;

enum {
  PM_CLIENT_FULL = 16 << 10, /* output from which on nothing more is made */
  PM_CLIENT_MAX = 512 << 10, /* one piece may not go beyond this: 100 processes
                                 with names of control characters */
  PM_CLIENT_CALLS = 16,
  PM_CLIENT_STREAMS = 8,
  PM_CLIENT_REQUEST_S = 5,  /* from a request's first byte to its last */
  PM_CLIENT_BLOCKED_S = 10, /* without taking a byte of what is there */
};

struct pm_client {
  struct pm_watch watch; /* first: the loop hands it back */
  struct pm_client *next;
  void *owner; /* (borrowed) serve's */
  struct pm_peer *peer;
  bool fds_refused; /* no descriptors can be in its queue */
  struct pm_frame in;
  struct pm_buf out;
  struct pm_json_out *json;
  struct pm_call *calls;
  unsigned call_count, stream_count;
  uint64_t
      request_since; /* mono of an unfinished request's first byte; 0 = none */
  uint64_t blocked_since; /* mono since when it takes nothing; 0 = it does */
  uint64_t last_request;  /* mono of its last request */
  bool eof;               /* it will send no more */
  bool closing;           /* to be closed when everything is said */
  bool dead;              /* to be freed */
};

/* Takes fd over on success.  NULL: no memory. */
struct pm_client *pm_client_new(int fd, bool fds_refused, struct pm_peer *peer);
/* Hangs up; the calls must be gone. */
void pm_client_free(struct pm_client *client,
                    struct pm_deferred_closes *deferred);

/* Reads once.  Never blocks, whatever was sent; marks the client ended or dead.
 * -EMSGSIZE: a frame is too long. */
int pm_client_receive(struct pm_client *client);
/* Writes what there is; marks a client dead that is gone. */
void pm_client_send(struct pm_client *client, uint64_t mono);
bool pm_client_has_room(const struct pm_client *client);

/* Closes a connection whose queue may hold descriptors of which the last
 * reference may not die in this process: closing a lingering TCP socket or a
 * FUSE file blocks for as long as its sender likes. */
void pm_client_close(int fd, bool fds_refused,
                     struct pm_deferred_closes *deferred);

#endif
