#include "server/call.h"

#include "server/client.h"
#include "server/method.h"
#include "server/reply.h"

#include <stdlib.h>

bool pm_call_has_room(const struct pm_call *call) {
  return call->client && pm_client_has_room(call->client);
}

struct pm_subject pm_call_subject(const struct pm_call *call, bool sandboxed) {
  const struct pm_peer *p = call->peer;
  return (struct pm_subject){p->uid, p->gid, p->groups, p->group_count,
                             sandboxed};
}

struct pm_call *pm_call_new(struct pm_context *context, struct pm_client *c,
                            const struct pm_request *request) {
  const struct pm_method_ops *ops =
      pm_method_table[request->method - pm_methods];
  struct pm_call *call = calloc(1, sizeof *call);
  void *state = ops->state ? calloc(1, ops->state) : NULL;
  if (!call || (ops->state && !state)) {
    free(call);
    free(state);
    return NULL;
  }
  call->context = context;
  call->client = c;
  call->peer = pm_peer_ref(c->peer);
  call->ops = ops;
  call->id = request->id;
  call->state = state;
  if (ops->outlives) {
    call->next_acting = context->acting;
    context->acting = call;
  }
  call->next = c->calls;
  c->calls = call;
  c->call_count++;
  c->stream_count += request->method->answer == PM_ANSWER_STREAM;
  call->stream = request->method->answer == PM_ANSWER_STREAM;
  return call;
}

static void stop_acting(const struct pm_call *call) {
  struct pm_call **at = &call->context->acting;
  while (*at != call)
    at = &(*at)->next_acting;
  *at = call->next_acting;
}

bool pm_call_may_act(const struct pm_context *context, uint32_t uid) {
  unsigned all = 0, user = 0;
  for (const struct pm_call *c = context->acting; c; c = c->next_acting) {
    all++;
    user += c->peer->uid == uid;
  }
  return all < PM_CALL_ACTING && user < PM_CALL_ACTING_USER;
}

void pm_call_free(struct pm_call *call) {
  if (call->ops->outlives)
    stop_acting(call);
  if (call->ops->end)
    call->ops->end(call);
  pm_snapshot_unref(call->snapshot);
  pm_peer_unref(call->peer);
  free(call->state);
  free(call);
}

void pm_call_sweep(struct pm_call **at, struct pm_client *c) {
  while (*at) {
    struct pm_call *call = *at;
    if (!call->over) {
      at = &call->next;
      continue;
    }
    *at = call->next;
    if (c) {
      c->call_count--;
      c->stream_count -= call->stream;
    }
    pm_call_free(call);
  }
}

/* ---- speaking ---- */

struct pm_call *pm_call_next(const struct pm_client *c) {
  struct pm_call *first = NULL;
  for (struct pm_call *call = c->calls; call; call = call->next) {
    if (call->over)
      continue;
    if (call->speaking)
      return call;
    if (call->ready || call->cancelled || call->failure.code)
      first = call; /* the list has the latest first */
  }
  return first;
}

void pm_call_write(struct pm_client *c, struct pm_call *call) {
  if (call->failure.code && !call->speaking) {
    pm_reply_failure(c->json, &call->id, &call->failure);
    call->over = true;
    return;
  }
  enum pm_progress say = call->ops->more(call, c->json);
  call->speaking = say == PM_PROGRESS_PARTIAL;
  if (say == PM_PROGRESS_WAIT)
    call->ready = false;
  call->over = say == PM_PROGRESS_DONE;
}
