#include "methods/job_view.h"
#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"
#include "views/fields.h"
#include "views/system.h"

struct describe {
  const struct pm_method *only; /* NULL: all */
};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct describe *d = call->data;
  const char *name = pm_param_text(params, "method", NULL);
  d->only = name ? pm_method_find(name) : NULL;
  if (name && !d->only)
    return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                   "there is no method %.64s; without a method describe lists "
                   "them",
                   name);
  pm_call_ready(call);
  return 0;
}

static void put_param(struct pm_json_out *out, const struct pm_param *p) {
  pm_json_object(out);
  pm_json_put_text(out, "name", p->name);
  pm_json_put_text(out, "type", pm_param_type_name(p->type));
  pm_json_put_boolean(out, "required", p->need == PM_NEED_NEEDED);
  if (p->need == PM_NEED_ONE_OF)
    pm_json_put_boolean(out, "one_of", true);
  if (p->type == PM_PARAM_INTEGER || p->type == PM_PARAM_NUMBER) {
    pm_json_key(out, "min");
    pm_json_real(out, p->min, 3);
    pm_json_key(out, "max");
    pm_json_real(out, p->max, 3);
  }
  pm_json_put_text(out, "what", p->what);
  pm_json_object_end(out);
}

static void put_result(struct pm_json_out *out, const struct pm_result *r) {
  pm_json_object(out);
  pm_json_put_text(out, "name", r->name);
  pm_json_put_text(out, "type", r->type);
  pm_json_put_text(out, "what", r->what);
  pm_json_object_end(out);
}

static void put_method(struct pm_json_out *out, const struct pm_method *m) {
  pm_json_object(out);
  pm_json_put_text(out, "name", m->name);
  pm_json_put_text(out, "what", m->what);
  pm_json_put_text(out, "answer", pm_answer_name(m->answer));
  pm_json_put_boolean(out, "acts", m->level == PM_LEVEL_ACT);
  pm_json_key(out, "parameters");
  pm_json_array(out);
  for (const struct pm_param *p = m->params; p->name; p++)
    put_param(out, p);
  pm_json_array_end(out);
  pm_json_key(out, "results");
  pm_json_array(out);
  for (const struct pm_result *r = m->results; r->name; r++)
    put_result(out, r);
  pm_json_array_end(out);
  pm_json_object_end(out);
}

static void put_types(struct pm_json_out *out) {
  pm_json_key(out, "types");
  pm_json_object(out);
  pm_json_key(out, "ProcessInfo");
  pm_fields_describe(out, pm_view_process);
  pm_json_key(out, "GroupInfo");
  pm_fields_describe(out, pm_view_group);
  pm_json_key(out, "SystemInfo");
  pm_view_system_describe(out);
  pm_json_key(out, "Job");
  pm_job_describe(out);
  pm_json_object_end(out);
}

static void put_errors(struct pm_json_out *out) {
  pm_json_key(out, "errors");
  pm_json_array(out);
  for (size_t i = PM_CODE_NONE + 1; i < PM_CODE_COUNT; i++) {
    pm_json_object(out);
    pm_json_put_text(out, "code", pm_codes[i].word);
    if (pm_codes[i].number) {
      pm_json_key(out, "jsonrpc");
      pm_json_integer(out, pm_codes[i].number);
    }
    pm_json_put_text(out, "what", pm_codes[i].what);
    pm_json_object_end(out);
  }
  pm_json_array_end(out);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct describe *d = call->data;
  pm_reply_open(out, &call->id);
  pm_json_key(out, "methods");
  pm_json_array(out);
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    if (!d->only || d->only == &pm_methods[i])
      put_method(out, &pm_methods[i]);
  pm_json_array_end(out);
  put_types(out);
  put_errors(out);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_describe = {
    .state = sizeof(struct describe), .start = start, .more = more};
