#include "methods/methods.h"
#include "methods/query.h"
#include "server/call.h"

static const void *groups(const struct pm_snapshot *s, size_t *ret_count) {
  *ret_count = s->group_count;
  return s->groups;
}

static const struct pm_query_rows rows = {
    .key = "groups",
    .table = pm_view_group,
    .row_size = sizeof(struct pm_snapshot_group),
    .rows = groups,
    .sort = "cpu_percent",
};

static int start(struct pm_call *call, const struct pm_json *params) {
  return pm_query_start(call, call->data, &rows, params);
}

static void step(struct pm_call *call) { pm_query_step(call, call->data); }

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  return pm_query_more(call, call->data, out);
}

static void end(struct pm_call *call) { pm_query_done(call->data); }

const struct pm_method_ops pm_method_list_groups = {
    .state = sizeof(struct pm_query),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
