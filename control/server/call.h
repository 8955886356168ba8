/* One request in flight, from its frame to its last answer.  Only serve makes
 * and frees calls. */
#ifndef PM_SERVER_CALL_H
#define PM_SERVER_CALL_H

#include "policy/allow.h"
#include "policy/failure.h"
#include "policy/peer.h"
#include "server/context.h"
#include "server/request.h"

#include "wire/json_out.h"

struct pm_client;
struct pm_method_ops;

struct pm_call {
  struct pm_call *next;
  struct pm_call *next_acting; /* of those in the office that outlive */
  struct pm_context *context;  /* (borrowed) */
  struct pm_client *client;    /* NULL: it has left */
  struct pm_peer *peer;        /* a reference */
  const struct pm_method_ops *ops;
  struct pm_request_id id;
  uint64_t wake;      /* mono: step() then; 0 = never */
  bool turns;         /* step() also when a turn was published */
  bool poked;         /* step() in the next pass: a helper has answered */
  bool stream;        /* answers in items */
  bool ready;         /* it has something to say: more() when there is room */
  bool cancelled;     /* more() shall say its last */
  bool speaking;      /* in the middle of a message */
  bool over;          /* to be freed */
  uint64_t seq, lost; /* of a stream: the next item, items left out */
  struct pm_snapshot *snapshot; /* a reference; it is dropped with the call */
  struct pm_failure failure;    /* .code: said instead of more() */
  void *state;                  /* verb->state bytes, zeroed */
};

/* Calls that go on without their client, and so are not bounded by its own
 * limits: each may hold a descriptor for an hour. */
enum { PM_CALL_ACTING = 256, PM_CALL_ACTING_USER = 32 };
bool pm_call_may_act(const struct pm_context *context, uint32_t uid);

/* Hung into the client's list.  NULL: no memory. */
struct pm_call *pm_call_new(struct pm_context *context,
                            struct pm_client *client,
                            const struct pm_request *request);
void pm_call_free(struct pm_call *call);
/* Frees what is over in a list, of a client or (NULL) of nobody. */
void pm_call_sweep(struct pm_call **list, struct pm_client *client);

/* Whose turn it is to speak to the client: who is in the middle of a message,
 * else the oldest that has something to say.  NULL: nobody. */
struct pm_call *pm_call_next(const struct pm_client *client);
void pm_call_write(struct pm_client *client, struct pm_call *call);

/* Is there room in the client's output for another piece? */
bool pm_call_has_room(const struct pm_call *call);

/* Who asks, for allow. */
struct pm_subject pm_call_subject(const struct pm_call *call, bool sandboxed);

#endif
