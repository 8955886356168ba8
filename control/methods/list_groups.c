#include "methods/methods.h"
#include "methods/query.h"
#include "server/call.h"

#include <stdlib.h>

/* Where /proc hides processes, a viewer sees the groups of those that he sees,
 * and of their numbers only what these add up to. */
struct groups {
  struct pm_query query; /* first: query.c finds it at call->data */
  struct pm_visibility_viewer viewer;
  struct pm_snapshot_group *seen; /* NULL: as they are */
  size_t looked;                  /* at processes, for what is seen */
};

/* ---- what is seen of them ---- */

static void begin_seen(struct pm_snapshot_group *g) {
  g->cores = 0;
  g->cpu_ns = g->rss = g->threads = 0;
  g->processes = 0;
}

static void add_seen(struct pm_snapshot_group *g,
                     const struct pm_snapshot_process *p) {
  g->cores += p->cores; /* NaN: that of one is not known */
  g->cpu_ns += p->cpu_ns;
  g->rss += p->rss;
  g->knows_rss &= (p->have & PM_SNAPSHOT_RSS) != 0;
  g->threads += p->threads;
  g->processes++;
}

static int begin_groups(struct pm_call *call, struct groups *q) {
  const struct pm_snapshot *s = call->snapshot;
  q->seen = calloc(s->group_count + 1, sizeof *q->seen);
  if (!q->seen)
    return pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory");
  for (size_t i = 0; i < s->group_count; i++) {
    q->seen[i] = s->groups[i];
    begin_seen(&q->seen[i]);
  }
  return 0;
}

/* /proc takes some dozens of microseconds for each.  1: there are more. */
static int see_more(struct pm_call *call, struct groups *q) {
  enum { AT_ONCE = 32 };
  const struct pm_snapshot *s = call->snapshot;
  size_t end = q->looked + AT_ONCE;
  for (; q->looked < s->process_count && q->looked < end; q->looked++) {
    const struct pm_snapshot_process *p = &s->processes[q->looked];
    if (p->group < s->group_count &&
        pm_visibility_process(&call->context->visibility, &q->viewer, p))
      add_seen(&q->seen[p->group], p);
  }
  return q->looked < s->process_count;
}

static bool wanted(struct pm_call *call, const struct pm_snapshot *s,
                   const void *row) {
  (void)s;
  const struct groups *q = call->data;
  const struct pm_snapshot_group *g = row;
  return q->viewer.all || g->kind == PM_SNAPSHOT_CONFIGURED || g->processes;
}

static const void *groups(const struct pm_call *call, size_t *ret_count) {
  const struct groups *q = call->data;
  *ret_count = call->snapshot->group_count;
  return q->seen ? q->seen : call->snapshot->groups;
}

static int prepare(struct pm_call *call) {
  struct groups *q = call->data;
  if (q->viewer.all)
    return 0;
  if (!q->seen && begin_groups(call, q) < 0)
    return -1;
  return see_more(call, q);
}

/* ---- the method ---- */

static const struct pm_query_rows rows = {
    .key = "groups",
    .table = pm_view_group,
    .row_size = sizeof(struct pm_snapshot_group),
    .prepare = prepare,
    .rows = groups,
    .sort = "cpu_percent",
    .wanted = wanted,
};

static int start(struct pm_call *call, const struct pm_json *params) {
  struct groups *q = call->data;
  pm_visibility_viewer(&call->context->visibility, call->context->now,
                       call->peer, &q->viewer);
  return pm_query_start(call, &q->query, &rows, params);
}

static void step(struct pm_call *call) { pm_query_step(call, call->data); }

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  return pm_query_more(call, call->data, out);
}

static void end(struct pm_call *call) {
  struct groups *q = call->data;
  pm_query_done(&q->query);
  free(q->seen);
}

const struct pm_method_ops pm_method_list_groups = {
    .state = sizeof(struct groups),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
