#include "server/dispatch.h"

#include "server/call.h"
#include "server/reply.h"

#include <errno.h>

static bool id_in_use(const struct pm_client *c,
                      const struct pm_request_id *id) {
  for (const struct pm_call *call = c->calls; call; call = call->next)
    if (call->state != PM_CALL_DONE && pm_request_id_same(&call->id, id))
      return true;
  return false;
}

/* Limits that hold for every method. */
static int check_load(struct pm_context *o, const struct pm_client *c,
                      const struct pm_request *r, struct pm_failure *f) {
  if (id_in_use(c, &r->id))
    return pm_fail(f, PM_CODE_NO_REQUEST, "a call with this id is under way");
  if (c->call_count >= PM_CLIENT_CALLS)
    return pm_fail(f, PM_CODE_LIMIT_EXCEEDED,
                   "a connection has at most %d calls under way",
                   PM_CLIENT_CALLS);
  if (r->stream && c->stream_count >= PM_CLIENT_STREAMS)
    return pm_fail(f, PM_CODE_LIMIT_EXCEEDED,
                   "a connection has at most %d streams", PM_CLIENT_STREAMS);
  if (pm_context_ops(o, r->method)->outlives &&
      !pm_call_may_act(o, c->peer->user))
    return pm_fail(f, PM_CODE_LIMIT_EXCEEDED,
                   "too many actions are under way (%d, %d a user)",
                   PM_CALL_ACTING, PM_CALL_ACTING_USER);
  return 0;
}

/* Permission is checked before the method sees anything; for acting methods
 * also whether the peer is in a sandbox. */
static int check_allowed(struct pm_call *call, const struct pm_method *method,
                         struct pm_failure *f) {
  struct pm_confinement c = {0};
  if (method->level == PM_LEVEL_ACT)
    pm_context_confinement(call->context, call->peer, &c);
  if (c.scarce)
    return pm_fail(f, PM_CODE_LIMIT_EXCEEDED,
                   "%s is unavailable for now: %s (LimitNOFILE of its unit)",
                   method->name, c.why);
  if (c.unknown)
    return pm_fail(f, PM_CODE_UNSUPPORTED,
                   "%s is unavailable: %s; the drop-in "
                   "collectd-procman-control.conf for its unit grants it",
                   method->name, c.why);
  struct pm_subject subject = pm_peer_subject(call->peer, c.why[0] != '\0');
  switch (pm_allow_call(&call->context->environment->options->allow, &subject,
                        (enum pm_method_id)(method - pm_methods))) {
  case PM_ALLOW_YES:
    return 0;
  case PM_ALLOW_SANDBOX:
    return pm_fail(f, PM_CODE_PERMISSION_DENIED,
                   "%s is not allowed from a sandbox: %s. An <Allow> with "
                   "Sandboxed true can grant it",
                   method->name, c.why);
  case PM_ALLOW_NO:
    break;
  }
  return pm_fail(f, PM_CODE_PERMISSION_DENIED,
                 "%s needs an <Allow> in collectd's configuration for uid %u",
                 method->name, call->peer->uid);
}

static void audit_refusal(struct pm_context *o, const struct pm_peer *peer,
                          const struct pm_request *r,
                          const struct pm_failure *f) {
  struct pm_audit_line line = {
      .peer = peer,
      .method = r->method->name,
      .verdict = pm_codes[f->code].word,
      .as = peer->uid,
      .pid = (int32_t)pm_param_integer(r->params, "pid", 0)};
  pm_audit_refused(&o->audit, o->now, &line);
}

static void begin_call(struct pm_context *o, struct pm_client *c,
                       const struct pm_request *r) {
  struct pm_failure f;
  if (check_load(o, c, r, &f) < 0) {
    if (r->method->level == PM_LEVEL_ACT)
      audit_refusal(o, c->peer, r, &f);
    pm_reply_failure(c->json, &r->id, &f);
    return;
  }
  struct pm_call *call = pm_call_new(o, c, r);
  if (!call) {
    pm_fail(&f, PM_CODE_INTERNAL, "out of memory");
    pm_reply_failure(c->json, &r->id, &f);
    return;
  }
  if (check_allowed(call, r->method, &call->failure) < 0)
    audit_refusal(o, c->peer, r, &call->failure);
  pm_call_start(call, r->params);
}

static enum pm_code code_of(int num) {
  return num == -EBADMSG  ? PM_CODE_NOT_JSON
         : num == -ENOMEM ? PM_CODE_INTERNAL
                          : PM_CODE_NO_REQUEST;
}

void pm_dispatch_frame(struct pm_context *o, struct pm_json_in *reader,
                       struct pm_client *c, const char *text, size_t length) {
  const struct pm_json *root;
  struct pm_err err = PM_ERR_INIT;
  struct pm_failure f;
  struct pm_request r = {0};
  int status = pm_json_in_read(reader, text, length, &root, &err);
  if (status < 0) {
    pm_fail(&f, code_of(status), "%.300s", err.text);
    pm_reply_failure(c->json, NULL, &f);
    c->closing |= status == -EBADMSG; /* what follows cannot be relied upon */
    return;
  }
  if (pm_request_read(root, &r, &f) < 0)
    pm_reply_failure(c->json, &r.id, &f);
  else
    begin_call(o, c, &r);
}
