/* One request in progress, from its frame to its last answer.  Its state is
 * changed only by the functions here, following the table of call_state.h.  For
 * the control thread only; dispatch.c makes calls, clients.c frees them. */
#ifndef PM_SERVER_CALL_H
#define PM_SERVER_CALL_H

#include "policy/failure.h"
#include "policy/peer.h"
#include "server/call_state.h"
#include "server/context.h"
#include "server/method.h"
#include "server/params.h"
#include "server/request.h"

#include "wire/json_out.h"

struct pm_client;

/* What a call may wait for; a mask. */
enum pm_wake {
  PM_WAKE_TIME = 1,   /* wake_at has come */
  PM_WAKE_TURN = 2,   /* a snapshot was published */
  PM_WAKE_ANSWER = 4, /* procman-hold has answered it */
  PM_WAKE_JOB = 8,    /* its job has changed, or what it asked of it */
};

struct pm_call {
  struct pm_call *next;
  struct pm_call *next_acting; /* of the calls that outlive their client */
  struct pm_context *context;  /* (borrowed) */
  struct pm_client *client;    /* (borrowed) NULL: it has left */
  struct pm_peer *peer;        /* a reference */
  const struct pm_method *method;
  const struct pm_method_ops *ops;
  struct pm_request_id id;
  bool is_stream;
  enum pm_call_state state;
  bool started;                 /* start() was called, so end() must be */
  unsigned waits_for;           /* of enum pm_wake; step() is called then */
  unsigned happened;            /* of enum pm_wake: not yet handled by step() */
  uint64_t wake_at;             /* mono; PM_WAKE_TIME */
  uint64_t written;             /* client->writings at its last piece */
  uint64_t seq, dropped;        /* of a stream: the next item, items left out */
  struct pm_snapshot *snapshot; /* a reference, released with the call */
  struct pm_failure failure;    /* .code: written instead of a result */
  void *data;                   /* the method's, ops->state bytes, zeroed */
};

/* Calls that go on without their client are not bounded by its limits: each
 * may hold a descriptor for an hour. */
enum {
  PM_CALL_ACTING = 256,
  PM_CALL_ACTING_ROOT = 16, /* of these, kept for root */
  PM_CALL_ACTING_USER = 64, /* of one user but root */
};
bool pm_call_may_act(const struct pm_context *context, pm_peer_user user);

/* Adds a call to the client's list; it waits for nothing yet.  NULL: no
 * memory. */
struct pm_call *pm_call_new(struct pm_context *context,
                            struct pm_client *client,
                            const struct pm_request *request);
/* Frees the calls of a list that are done. client: whose list it is, or
 * NULL. */
void pm_call_sweep(struct pm_call **list, struct pm_client *client);

/* ---- for methods ---- */

/* There is something to write: more() will be called. */
void pm_call_ready(struct pm_call *call);
bool pm_call_is_ready(const struct pm_call *call);
/* more() has begun a message and not ended it. */
bool pm_call_is_mid_message(const struct pm_call *call);
/* more() has to write the last message of the stream. */
bool pm_call_is_cancelled(const struct pm_call *call);

/* Adds what the call waits for. */
void pm_call_wait(struct pm_call *call, enum pm_wake what);
void pm_call_wait_until(struct pm_call *call, uint64_t mono);
/* From now on the call waits for nothing. */
void pm_call_wait_none(struct pm_call *call);
bool pm_call_waits(const struct pm_call *call, enum pm_wake what);
/* Something that it waits for has happened: step() is called in the next
 * pass. */
void pm_call_wake(struct pm_call *call, enum pm_wake what);

/* Is there room in the client's output for another piece? */
bool pm_call_has_room(const struct pm_call *call);

/* ---- for the server ---- */

/* Starts the method, unless call->failure says already why not. */
void pm_call_start(struct pm_call *call, const struct pm_json *params);
/* Notes what has happened by now; turn: a snapshot was published. */
void pm_call_note(struct pm_call *call, bool turn);
/* Has something happened that the call waits for?  Then step() is to be
 * called. */
bool pm_call_is_due(const struct pm_call *call);
void pm_call_step(struct pm_call *call);
/* When pm_call_step has something to do by itself (mono, 1 = at once); 0: by
 * itself never. */
uint64_t pm_call_next_step(const struct pm_call *call);
void pm_call_cancel(struct pm_call *call);
/* The client is gone.  True if the call goes on without it. */
bool pm_call_detach(struct pm_call *call);
/* The daemon stops: ends the call. */
void pm_call_drop(struct pm_call *call);

/* The call that may write: one that is in the middle of a message, else, of
 * those that have something to write, the one whose last piece is the oldest.
 * NULL: none. */
struct pm_call *pm_call_next_writer(const struct pm_client *client);
void pm_call_write(struct pm_client *client, struct pm_call *call);

#endif
