#include "methods/query.h"

static const void *groups(const struct pm_snapshot *s, size_t *ret_count) {
  *ret_count = s->group_count;
  return s->groups;
}

static const struct pm_listing_rows rows = {
    .key = "groups",
    .table = pm_show_group,
    .row_size = sizeof(struct pm_snapshot_group),
    .rows = groups,
    .sort = "cpu_percent",
};

static int start(struct pm_call *call, const struct pm_json *params) {
  return pm_listing_start(call, call->state, &rows, params);
}

static void step(struct pm_call *call) { pm_listing_step(call, call->state); }

static enum pm_say more(struct pm_call *call, struct pm_json_out *out) {
  return pm_listing_more(call, call->state, out);
}

static void end(struct pm_call *call) { pm_listing_done(call->state); }

const struct pm_verb pm_verb_list_groups = {
    .state = sizeof(struct pm_listing),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
