#include "methods/methods.h"
#include "server/call.h"
#include "server/client.h"
#include "server/reply.h"

static struct pm_call *find(const struct pm_client *client,
                            const struct pm_request_id *id) {
  for (struct pm_call *c = client->calls; c; c = c->next)
    if (c->state != PM_CALL_DONE && c->is_stream &&
        pm_request_id_same(&c->id, id))
      return c;
  return NULL;
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct pm_request_id id;
  pm_request_id_of(pm_param_find(params, "id"), &id);
  struct pm_call *found = find(call->client, &id);
  if (!found)
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "this connection has no stream with that id");
  pm_call_cancel(found);
  pm_call_ready(call);
  return 0;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  pm_reply_open(out, &call->id);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_cancel = {.start = start, .more = more};
