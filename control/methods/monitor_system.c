#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"
#include "views/fields.h"
#include "views/system.h"

#include <math.h>

/* Monitors of equal intervals are due at the same instants, so that one reading
 * of the machine serves them all. */
#define GRID_NS (PM_NS_PER_S / 20)

enum { TURNS_S = 3 }; /* in which turns are made before an item */

struct monitor {
  uint64_t interval;
  uint64_t due;                  /* mono of the next item */
  uint64_t last;                 /* mono of the last item; 0: none yet */
  struct pm_system_reading base; /* of the last item */
  uint64_t left;                 /* items to come */
  uint32_t processes;            /* with each; 0: none */
};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct monitor *m = call->data;
  double seconds = pm_param_number(params, "interval_seconds", 1.0);
  m->processes = (uint32_t)pm_param_integer(params, "processes", 0);
  if (m->processes && seconds < 1)
    seconds = 1; /* there are no more turns than one a second */
  m->interval = (uint64_t)(seconds * (double)PM_NS_PER_S);
  m->left = (uint64_t)pm_param_integer(params, "count", INT64_MAX);
  m->due = call->context->now.mono;
  pm_call_ready(call);
  return 0;
}

/* The processes of an item are those of a turn shortly before it; their rates
 * need one more.  Between the items of a long interval nothing is asked for. */
static void wait_for_due(struct pm_call *call, const struct monitor *m) {
  uint64_t mono = call->context->now.mono, ahead = TURNS_S * PM_NS_PER_S;
  if (m->processes && m->due > mono + ahead) {
    pm_call_wait_until(call, m->due - ahead);
    return;
  }
  if (m->processes)
    pm_exchange_request_turns(pm_context_exchange(call->context), m->due);
  pm_call_wait_until(call, m->due);
}

/* The next item is due an interval after the last, or after now if that is
 * past. */
static void plan(struct pm_call *call, struct monitor *m) {
  uint64_t mono = call->context->now.mono, next = m->due + m->interval;
  if (next <= mono)
    next = mono + m->interval;
  m->due = (next + GRID_NS / 2) / GRID_NS * GRID_NS;
  wait_for_due(call, m);
}

static void step(struct pm_call *call) {
  struct monitor *m = call->data;
  if (call->context->now.mono < m->due) {
    wait_for_due(call, m);
    return;
  }
  if (pm_call_is_ready(call)) /* the last item has not been written yet */
    call->dropped++;
  pm_call_ready(call);
  plan(call, m);
}

/* ---- an item ---- */

struct viewing {
  struct pm_context *context;
  struct pm_visibility_viewer viewer;
};

static bool visible(void *arg, const struct pm_snapshot_process *p) {
  const struct viewing *q = arg;
  return pm_visibility_process(&q->context->visibility, &q->viewer, p);
}

/* Where /proc hides nothing, all monitors share one choice. */
static const struct pm_busiest *busiest_of(struct pm_call *call,
                                           const struct pm_snapshot *s,
                                           struct pm_busiest *own) {
  struct viewing q = {.context = call->context};
  pm_visibility_viewer(&q.context->visibility, q.context->now, call->peer,
                       &q.viewer);
  if (!q.viewer.all) {
    pm_busiest_choose(own, s, visible, &q);
    return own;
  }
  struct pm_busiest *shared = &call->context->busiest;
  if (shared->number != s->number)
    pm_busiest_choose(shared, s, NULL, NULL);
  return shared;
}

static void put_processes(struct pm_call *call, struct pm_json_out *out,
                          const struct pm_snapshot *s, uint32_t count) {
  struct pm_busiest own;
  const struct pm_busiest *top = busiest_of(call, s, &own);
  pm_json_key(out, "processes");
  pm_json_array(out);
  for (uint32_t i = 0; i < top->count && i < count; i++)
    pm_fields_put(out, pm_view_process, pm_fields_default(pm_view_process), s,
                  &s->processes[top->row[i]]);
  pm_json_array_end(out);
}

static void put_machine(struct pm_call *call, struct monitor *m,
                        struct pm_json_out *out,
                        const struct pm_snapshot *snapshot) {
  struct pm_context *o = call->context;
  struct pm_system_row row;
  uint32_t cpus;
  if (!m->last)
    m->base = *pm_host_stats_base(&o->host_stats, o->now);
  pm_host_stats_row_since(&o->host_stats, o->now, &m->base, &row, &cpus);
  pm_view_system(out, &row, cpus, snapshot);
}

static void put_item(struct pm_call *call, struct monitor *m,
                     struct pm_json_out *out) {
  struct pm_context *o = call->context;
  struct pm_snapshot *snapshot = pm_exchange_latest(pm_context_exchange(o));
  pm_reply_item_open(out, &call->id, call->seq++);
  pm_json_object(out);
  pm_json_key(out, "time");
  pm_json_real(out, pm_seconds(o->now.real), 3);
  pm_json_key(out, "interval_effective");
  pm_json_real(out, m->last ? pm_seconds(o->now.mono - m->last) : (double)NAN,
               3);
  put_machine(call, m, out, snapshot);
  if (m->processes && snapshot)
    put_processes(call, out, snapshot, m->processes);
  pm_json_object_end(out);
  pm_reply_item_close(out);
  pm_snapshot_unref(snapshot);
  m->last = o->now.mono;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  struct monitor *m = call->data;
  if (pm_call_is_cancelled(call) || m->left == 0) {
    pm_reply_stream_end(out, &call->id,
                        pm_call_is_cancelled(call) ? "cancelled" : "count",
                        call->dropped);
    return PM_PROGRESS_DONE;
  }
  put_item(call, m, out);
  if (--m->left == 0)
    return PM_PROGRESS_NEXT;
  if (!pm_call_waits(call, PM_WAKE_TIME))
    plan(call, m);
  return PM_PROGRESS_WAIT;
}

const struct pm_method_ops pm_method_monitor_system = {
    .state = sizeof(struct monitor),
    .start = start,
    .step = step,
    .more = more,
};
