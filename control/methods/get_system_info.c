#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"
#include "views/system.h"

static int start(struct pm_call *call, const struct pm_json *params) {
  (void)params;
  pm_call_ready(call);
  return 0;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  struct pm_context *o = call->context;
  struct pm_snapshot *snapshot = pm_context_latest(o);
  struct pm_system_row row;
  uint32_t cpus;
  struct pm_system_reading base = *pm_host_stats_base(&o->host_stats, o->now);
  pm_host_stats_row_since(&o->host_stats, o->now, &base, &row, &cpus);
  pm_reply_open(out, &call->id);
  pm_json_key(out, "system");
  pm_json_object(out);
  pm_view_system(out, &row, cpus, snapshot);
  pm_json_object_end(out);
  pm_reply_close(out);
  pm_snapshot_unref(snapshot);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_get_system_info = {.start = start,
                                                        .more = more};
