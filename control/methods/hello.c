#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"

#include "pm_config.h"

static int start(struct pm_call *call, const struct pm_json *params) {
  (void)params;
  pm_call_ready(call);
  return 0;
}

static void put_capabilities(struct pm_call *call, struct pm_json_out *out) {
  const struct pm_context *o = call->context;
  struct pm_snapshot *s = pm_exchange_latest(o->environment->exchange);
  pm_json_key(out, "capabilities");
  pm_json_object(out);
  pm_json_put_boolean(out, "exits", o->environment->exits);
  pm_json_put_boolean(out, "act_as_others", o->can_become);
  pm_json_put_boolean(out, "process_group", true);
  pm_json_put_boolean(out, "jobs", o->jobs);
  if (s)
    pm_json_put_boolean(out, "init_pid_namespace", s->sees_kernel);
  pm_json_object_end(out);
  pm_snapshot_unref(s);
}

/* The acting methods that would be permitted; the kernel decides then. */
static void put_may(struct pm_call *call, struct pm_json_out *out) {
  struct pm_confinement confinement;
  pm_context_confinement(call->context, call->peer, &confinement);
  struct pm_subject subject =
      pm_peer_subject(call->peer, confinement.why[0] != '\0');
  pm_json_key(out, "may");
  pm_json_array(out);
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    if (pm_methods[i].level == PM_LEVEL_ACT &&
        pm_allow_call(&call->context->environment->options->allow, &subject,
                      (enum pm_method_id)i) == PM_ALLOW_YES)
      pm_json_text(out, pm_methods[i].name);
  pm_json_array_end(out);
  if (confinement.why[0])
    pm_json_put_text(out, "sandboxed", confinement.why);
}

static void put_you(struct pm_call *call, struct pm_json_out *out) {
  enum { GROUPS_SHOWN = 1024 };
  const struct pm_peer *p = call->peer;
  pm_json_key(out, "you");
  pm_json_object(out);
  pm_json_put_unsigned(out, "uid", p->uid);
  pm_json_put_unsigned(out, "gid", p->gid);
  pm_json_key(out, "unix_groups");
  pm_json_array(out);
  for (size_t i = 0; i < p->group_count && i < GROUPS_SHOWN; i++)
    pm_json_unsigned(out, p->groups[i]);
  pm_json_array_end(out);
  put_may(call, out);
  pm_json_object_end(out);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct pm_environment *w = call->context->environment;
  pm_reply_open(out, &call->id);
  pm_json_key(out, "protocol");
  pm_json_integer(out, PM_PROTOCOL);
  pm_json_put_text(out, "version", PACKAGE_VERSION);
  pm_json_put_text(out, "host", w->host);
  pm_json_put_text(out, "sampler", w->sampler);
  put_capabilities(call, out);
  put_you(call, out);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_hello = {.start = start, .more = more};
