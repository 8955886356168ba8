#include "server/call.h"

#include "server/client.h"
#include "server/reply.h"

#include <stdlib.h>

/* It is to be looked after in this pass or the next. */
static void touch(struct pm_call *call) {
  if (call->client)
    pm_client_touch(call->client);
  else
    call->context->touched.detached = true;
}

static void take_event(struct pm_call *call, enum pm_call_event event) {
  call->state = pm_call_state_next(call->state, event);
  touch(call);
}

/* ---- life ---- */

struct pm_call *pm_call_new(struct pm_context *context, struct pm_client *c,
                            const struct pm_request *request) {
  const struct pm_method_ops *ops = pm_context_ops(context, request->method);
  struct pm_call *call = calloc(1, sizeof *call);
  void *data = ops->state ? calloc(1, ops->state) : NULL;
  if (!call || (ops->state && !data)) {
    free(call);
    free(data);
    return NULL;
  }
  call->context = context;
  call->client = c;
  call->peer = pm_peer_ref(c->peer);
  call->method = request->method;
  call->ops = ops;
  call->id = request->id;
  call->is_stream = request->stream;
  call->data = data;
  if (ops->outlives) {
    call->next_acting = context->acting;
    context->acting = call;
  }
  call->next = c->calls;
  c->calls = call;
  c->call_count++;
  c->stream_count += call->is_stream;
  return call;
}

static void remove_acting(const struct pm_call *call) {
  struct pm_call **at = &call->context->acting;
  while (*at != call)
    at = &(*at)->next_acting;
  *at = call->next_acting;
}

bool pm_call_may_act(const struct pm_context *context, pm_peer_user user) {
  unsigned all = 0, his = 0;
  for (const struct pm_call *c = context->acting; c; c = c->next_acting) {
    all++;
    his += c->peer->user == user;
  }
  if (user == PM_PEER_USER_ROOT)
    return all < PM_CALL_ACTING;
  return all < PM_CALL_ACTING - PM_CALL_ACTING_ROOT &&
         his < PM_CALL_ACTING_USER;
}

static void free_call(struct pm_call *call) {
  if (call->ops->outlives)
    remove_acting(call);
  if (call->started && call->ops->end)
    call->ops->end(call);
  pm_snapshot_unref(call->snapshot);
  pm_peer_unref(call->peer);
  free(call->data);
  free(call);
}

void pm_call_sweep(struct pm_call **at, struct pm_client *c) {
  while (*at) {
    struct pm_call *call = *at;
    if (call->state != PM_CALL_DONE) {
      at = &call->next;
      continue;
    }
    *at = call->next;
    if (c) {
      c->call_count--;
      c->stream_count -= call->is_stream;
    }
    free_call(call);
  }
}

bool pm_call_detach(struct pm_call *call) {
  call->client = NULL;
  take_event(call, call->ops->outlives ? PM_CALL_ON_LEFT : PM_CALL_ON_DROPPED);
  return call->state == PM_CALL_DETACHED;
}

void pm_call_drop(struct pm_call *call) {
  take_event(call, PM_CALL_ON_DROPPED);
}

void pm_call_cancel(struct pm_call *call) {
  take_event(call, PM_CALL_ON_CANCEL);
}

/* ---- waiting ---- */

void pm_call_ready(struct pm_call *call) {
  take_event(call, call->failure.code ? PM_CALL_ON_FAILURE : PM_CALL_ON_READY);
}

bool pm_call_is_ready(const struct pm_call *call) {
  return call->state == PM_CALL_READY;
}

bool pm_call_is_mid_message(const struct pm_call *call) {
  return pm_call_state_mid_message(call->state);
}

bool pm_call_is_cancelled(const struct pm_call *call) {
  return call->state == PM_CALL_CANCELLED;
}

void pm_call_wait(struct pm_call *call, enum pm_wake what) {
  call->waits_for |= what;
  touch(call);
}

void pm_call_wait_until(struct pm_call *call, uint64_t mono) {
  call->waits_for |= PM_WAKE_TIME;
  call->wake_at = mono;
  touch(call);
}

void pm_call_wait_none(struct pm_call *call) { call->waits_for = 0; }

bool pm_call_waits(const struct pm_call *call, enum pm_wake what) {
  return call->waits_for & what;
}

void pm_call_wake(struct pm_call *call, enum pm_wake what) {
  call->happened |= what;
  touch(call);
}

static void note_failure(struct pm_call *call) {
  if (call->failure.code)
    take_event(call, PM_CALL_ON_FAILURE);
}

void pm_call_start(struct pm_call *call, const struct pm_json *params) {
  if (!call->failure.code) {
    call->started = true;
    if (call->ops->start(call, params) < 0 && !call->failure.code)
      pm_fail(&call->failure, PM_CODE_INTERNAL, "%s failed",
              call->method->name);
  }
  note_failure(call);
}

void pm_call_note(struct pm_call *call, bool turn) {
  bool due = call->wake_at <= call->context->now.mono;
  unsigned now = (due ? PM_WAKE_TIME : 0) | (turn ? PM_WAKE_TURN : 0);
  call->happened &= call->waits_for | PM_WAKE_ANSWER;
  call->happened |= now & call->waits_for;
}

bool pm_call_is_due(const struct pm_call *call) {
  return call->happened & call->waits_for && pm_call_state_steps(call->state);
}

void pm_call_step(struct pm_call *call) {
  unsigned reasons = call->happened & call->waits_for;
  call->happened = 0;
  call->waits_for &= ~(reasons & PM_WAKE_TIME);
  call->ops->step(call);
  note_failure(call);
}

uint64_t pm_call_next_step(const struct pm_call *call) {
  if (!pm_call_state_steps(call->state))
    return 0;
  if (call->happened & call->waits_for)
    return 1;
  return call->waits_for & PM_WAKE_TIME ? call->wake_at : 0;
}

/* ---- writing ---- */

bool pm_call_has_room(const struct pm_call *call) {
  return call->client && pm_client_has_room(call->client);
}

struct pm_call *pm_call_next_writer(const struct pm_client *c) {
  struct pm_call *first = NULL;
  for (struct pm_call *call = c->calls; call; call = call->next) {
    if (pm_call_state_mid_message(call->state))
      return pm_call_state_writes(call->state) ? call : NULL;
    if (pm_call_state_writes(call->state) &&
        (!first || call->written <= first->written))
      first = call; /* of equals the oldest: the list begins with the newest */
  }
  return first;
}

void pm_call_write(struct pm_client *c, struct pm_call *call) {
  static const enum pm_call_event events[] = {
      [PM_PROGRESS_PARTIAL] = PM_CALL_ON_PARTIAL,
      [PM_PROGRESS_PAUSE] = PM_CALL_ON_PAUSE,
      [PM_PROGRESS_NEXT] = PM_CALL_ON_NEXT,
      [PM_PROGRESS_WAIT] = PM_CALL_ON_WAIT,
      [PM_PROGRESS_DONE] = PM_CALL_ON_DONE,
  };
  call->written = ++c->writings;
  if (call->state == PM_CALL_FAILED) {
    pm_reply_failure(c->json, &call->id, &call->failure);
    take_event(call, PM_CALL_ON_DONE);
    return;
  }
  take_event(call, events[call->ops->more(call, c->json)]);
}
