#include "methods/query.h"

#include "server/reply.h"

#include <stdlib.h>
#include <string.h>

enum { WAIT_S = 15 }; /* ticks come every second; a machine may be slow */

/* ---- which turn ---- */

static void choose(struct pm_call *call, struct pm_query *l);

/* Takes the latest snapshot if it will do. */
static bool fetch(struct pm_call *call, struct pm_query *l) {
  struct pm_exchange *exchange = pm_context_exchange(call->context);
  struct pm_snapshot *latest = pm_exchange_latest(exchange);
  pm_exchange_request_turns(exchange, call->context->now.mono +
                                          PM_CONTEXT_WATCH_S * PM_NS_PER_S);
  if (!latest || latest->now.mono < l->not_before) {
    pm_snapshot_unref(latest);
    return false;
  }
  call->snapshot = latest;
  pm_call_wait_none(call);
  choose(call, l);
  return true;
}

static void wait_for_turn(struct pm_call *call, struct pm_query *l) {
  pm_call_wait(call, PM_WAKE_TURN);
  pm_call_wait_until(call, l->until);
}

void pm_query_step(struct pm_call *call, struct pm_query *l) {
  if (call->snapshot || fetch(call, l))
    return;
  if (call->context->now.mono >= l->until)
    pm_fail(&call->failure, PM_CODE_TIMED_OUT,
            "no turn was made within %d s; collectd may be stuck", WAIT_S);
  else
    wait_for_turn(call, l);
}

/* ---- which rows ---- */

static const void *row_at(const struct pm_query *l,
                          const struct pm_snapshot *snapshot, uint32_t i) {
  size_t unused;
  return (const char *)l->of->rows(snapshot, &unused) +
         (size_t)i * l->of->row_size;
}

struct sorting {
  const struct pm_query *listing;
  const struct pm_snapshot *snapshot;
};

static int by_member(const void *a, const void *b, void *arg) {
  const struct sorting *by = arg;
  const struct pm_query *l = by->listing;
  uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
  int order =
      pm_fields_compare(&l->of->table[l->sort], l->descending, by->snapshot,
                        row_at(l, by->snapshot, i), row_at(l, by->snapshot, k));
  return order ? order : (i > k) - (i < k);
}

static void choose(struct pm_call *call, struct pm_query *l) {
  struct sorting by = {l, call->snapshot};
  size_t count;
  l->of->rows(call->snapshot, &count);
  l->order = malloc((count ? count : 1) * sizeof *l->order);
  if (!l->order) {
    pm_fail(&call->failure, PM_CODE_INTERNAL, "there is no memory");
    return;
  }
  for (uint32_t i = 0; i < count; i++)
    if (!l->of->wanted ||
        l->of->wanted(call, call->snapshot, row_at(l, call->snapshot, i)))
      l->order[l->count++] = i;
  l->total = l->count;
  if (l->sort >= 0)
    qsort_r(l->order, l->count, sizeof *l->order, by_member, &by);
  if (l->limit < l->count)
    l->count = l->limit;
  pm_call_ready(call);
}

/* ---- parameters ---- */

static int take_sort(struct pm_call *call, struct pm_query *l,
                     const struct pm_json *params) {
  const char *sort = pm_param_text(params, "sort", l->of->sort);
  const char *order = pm_param_text(params, "order", "");
  char names[400];
  l->sort = sort ? pm_fields_find(l->of->table, sort) : -1;
  if (sort && l->sort < 0) {
    pm_fields_names(l->of->table, names, sizeof names);
    return pm_fail_parameter(&call->failure, "sort",
                             "sort cannot be %.64s; valid: %s", sort, names);
  }
  const struct pm_view_field *m = l->sort < 0 ? NULL : &l->of->table[l->sort];
  l->descending = m && m->kind != PM_VIEW_TEXT && strcmp(m->name, "pid") != 0 &&
                  strcmp(m->name, "ppid") != 0;
  if (strcmp(order, "ascending") == 0 || strcmp(order, "descending") == 0)
    l->descending = order[0] == 'd';
  else if (*order)
    return pm_fail_parameter(&call->failure, "order",
                             "order must be ascending or descending");
  if (l->descending && l->sort < 0)
    l->sort = 0;
  return 0;
}

static int take_fields(struct pm_call *call, struct pm_query *l,
                       const struct pm_json *params) {
  const struct pm_json *fields = pm_param_find(params, "fields");
  char names[400];
  l->mask = fields ? 0 : pm_fields_default(l->of->table);
  for (const struct pm_json *f = fields ? pm_json_first(fields) : NULL; f;
       f = pm_json_after(fields, f)) {
    int i = pm_fields_find(l->of->table, f->text);
    if (i < 0) {
      pm_fields_names(l->of->table, names, sizeof names);
      return pm_fail_parameter(&call->failure, "fields",
                               "fields cannot have %.64s; valid: %s", f->text,
                               names);
    }
    l->mask |= UINT32_C(1) << i;
  }
  return 0;
}

int pm_query_start(struct pm_call *call, struct pm_query *l,
                   const struct pm_query_rows *of,
                   const struct pm_json *params) {
  uint64_t mono = call->context->now.mono;
  double age = pm_param_number(params, "max_age_seconds", -1);
  l->of = of;
  l->limit = (size_t)pm_param_integer(params, "limit", INT64_MAX);
  l->until = mono + WAIT_S * PM_NS_PER_S;
  if (age >= 0) {
    uint64_t ns = (uint64_t)(age * (double)PM_NS_PER_S);
    l->not_before = mono > ns ? mono - ns : 0;
  }
  if (take_sort(call, l, params) < 0 || take_fields(call, l, params) < 0)
    return -1;
  pm_query_step(call, l);
  return call->failure.code ? -1 : 0;
}

/* ---- the answer ---- */

static void open_answer(struct pm_call *call, struct pm_query *l,
                        struct pm_json_out *out) {
  pm_reply_open(out, &call->id);
  pm_json_put_unsigned(out, "total", l->total);
  pm_json_key(out, "sampled_at");
  pm_json_real(out, pm_seconds(call->snapshot->now.real), 3);
  pm_json_key(out, l->of->key);
  pm_json_array(out);
}

enum pm_progress pm_query_more(struct pm_call *call, struct pm_query *l,
                               struct pm_json_out *out) {
  if (!pm_call_is_mid_message(call))
    open_answer(call, l, out);
  while (l->said < l->count && pm_call_has_room(call))
    pm_fields_put(out, l->of->table, l->mask, call->snapshot,
                  row_at(l, call->snapshot, l->order[l->said++]));
  if (l->said < l->count)
    return PM_PROGRESS_PARTIAL;
  pm_json_array_end(out);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

void pm_query_done(struct pm_query *l) { free(l->order); }
