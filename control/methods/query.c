#include "methods/query.h"

#include "server/reply.h"

#include <stdlib.h>
#include <string.h>

/* A tick is due every second, but the machine may be slow. */
enum { WAIT_S = 15, AT_ONCE = 8192 };

/* ---- which turn ---- */

static void begin_choosing(struct pm_call *call, struct pm_query *q);
static void choose_more(struct pm_call *call, struct pm_query *q);

/* Takes the latest snapshot if it is recent enough. */
static bool fetch(struct pm_call *call, struct pm_query *q) {
  struct pm_exchange *exchange = pm_context_exchange(call->context);
  struct pm_snapshot *latest = pm_exchange_latest(exchange);
  pm_exchange_request_turns(exchange, call->context->now.mono +
                                          PM_CONTEXT_WATCH_S * PM_NS_PER_S);
  if (!latest || latest->now.mono < q->not_before) {
    pm_snapshot_unref(latest);
    return false;
  }
  call->snapshot = latest;
  pm_call_wait_none(call);
  begin_choosing(call, q);
  return true;
}

static void wait_for_turn(struct pm_call *call, struct pm_query *q) {
  pm_call_wait(call, PM_WAKE_TURN);
  pm_call_wait_until(call, q->until);
}

void pm_query_step(struct pm_call *call, struct pm_query *q) {
  if (q->order)
    choose_more(call, q);
  else if (call->snapshot)
    begin_choosing(call, q);
  else if (fetch(call, q))
    return;
  else if (call->context->now.mono >= q->until)
    pm_fail(&call->failure, PM_CODE_TIMED_OUT,
            "no turn was made within %d s; collectd may be stuck", WAIT_S);
  else
    wait_for_turn(call, q);
}

/* ---- which rows ---- */

static const void *row_at(const struct pm_call *call, const struct pm_query *q,
                          uint32_t i) {
  size_t unused;
  return (const char *)q->of->rows(call, &unused) + (size_t)i * q->of->row_size;
}

struct sorting {
  const struct pm_query *query;
  const struct pm_call *call;
};

static int by_member(const void *a, const void *b, void *arg) {
  const struct sorting *by = arg;
  const struct pm_query *q = by->query;
  uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
  int order = pm_fields_compare(&q->of->table[q->sort], q->descending,
                                by->call->snapshot, row_at(by->call, q, i),
                                row_at(by->call, q, k));
  return order ? order : (i > k) - (i < k);
}

static void sort_chosen(struct pm_call *call, struct pm_query *q) {
  struct sorting by = {q, call};
  q->total = q->count;
  if (q->sort >= 0)
    qsort_r(q->order, q->count, sizeof *q->order, by_member, &by);
  if (q->limit < q->count)
    q->count = q->limit;
  pm_call_ready(call);
}

/* So many rows, and then the others have their turn. */
static void choose_more(struct pm_call *call, struct pm_query *q) {
  const struct pm_snapshot *s = call->snapshot;
  size_t count, end = q->looked + q->at_once;
  q->of->rows(call, &count);
  for (; q->looked < count && q->looked < end; q->looked++)
    if (!q->of->wanted ||
        q->of->wanted(call, s, row_at(call, q, (uint32_t)q->looked)))
      q->order[q->count++] = (uint32_t)q->looked;
  if (q->looked < count)
    pm_call_wait_until(call, call->context->now.mono);
  else
    sort_chosen(call, q);
}

static void begin_choosing(struct pm_call *call, struct pm_query *q) {
  size_t count;
  int status = q->of->prepare ? q->of->prepare(call) : 0;
  if (status > 0)
    pm_call_wait_until(call, call->context->now.mono);
  if (status != 0)
    return;
  q->of->rows(call, &count);
  q->order = malloc((count ? count : 1) * sizeof *q->order);
  if (q->order)
    choose_more(call, q);
  else
    pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory");
}

/* ---- parameters ---- */

static int take_sort(struct pm_call *call, struct pm_query *q,
                     const struct pm_json *params) {
  const char *sort = pm_param_text(params, "sort", q->of->sort);
  const char *order = pm_param_text(params, "order", "");
  char names[400];
  q->sort = sort ? pm_fields_find(q->of->table, sort) : -1;
  if (sort && q->sort < 0) {
    pm_fields_names(q->of->table, names, sizeof names);
    return pm_fail_parameter(&call->failure, "sort",
                             "sort cannot be %.64s; valid: %s", sort, names);
  }
  const struct pm_view_field *m = q->sort < 0 ? NULL : &q->of->table[q->sort];
  q->descending = m && m->kind != PM_VIEW_TEXT && strcmp(m->name, "pid") != 0 &&
                  strcmp(m->name, "ppid") != 0;
  if (strcmp(order, "ascending") == 0 || strcmp(order, "descending") == 0)
    q->descending = order[0] == 'd';
  else if (*order)
    return pm_fail_parameter(&call->failure, "order",
                             "order must be ascending or descending");
  if (q->descending && q->sort < 0)
    q->sort = 0;
  return 0;
}

static int take_fields(struct pm_call *call, struct pm_query *q,
                       const struct pm_json *params) {
  const struct pm_json *fields = pm_param_find(params, "fields");
  char names[400];
  q->mask = fields ? 0 : pm_fields_default(q->of->table);
  for (const struct pm_json *f = fields ? pm_json_first(fields) : NULL; f;
       f = pm_json_after(fields, f)) {
    int i = pm_fields_find(q->of->table, f->text);
    if (i < 0) {
      pm_fields_names(q->of->table, names, sizeof names);
      return pm_fail_parameter(&call->failure, "fields",
                               "fields cannot have %.64s; valid: %s", f->text,
                               names);
    }
    q->mask |= UINT32_C(1) << i;
  }
  return 0;
}

int pm_query_start(struct pm_call *call, struct pm_query *q,
                   const struct pm_query_rows *of,
                   const struct pm_json *params) {
  uint64_t mono = call->context->now.mono;
  double age = pm_param_number(params, "max_age_seconds", -1);
  q->of = of;
  q->at_once = q->at_once ? q->at_once : AT_ONCE;
  q->limit = (size_t)pm_param_integer(params, "limit", INT64_MAX);
  q->until = mono + WAIT_S * PM_NS_PER_S;
  if (age >= 0) {
    uint64_t ns = (uint64_t)(age * (double)PM_NS_PER_S);
    q->not_before = mono > ns ? mono - ns : 0;
  }
  if (take_sort(call, q, params) < 0 || take_fields(call, q, params) < 0)
    return -1;
  pm_query_step(call, q);
  return call->failure.code ? -1 : 0;
}

/* ---- the answer ---- */

static void open_answer(struct pm_call *call, struct pm_query *q,
                        struct pm_json_out *out) {
  pm_reply_open(out, &call->id);
  pm_json_put_unsigned(out, "total", q->total);
  pm_json_key(out, "sampled_at");
  pm_json_real(out, pm_seconds(call->snapshot->now.real), 3);
  pm_json_key(out, q->of->key);
  pm_json_array(out);
}

enum pm_progress pm_query_more(struct pm_call *call, struct pm_query *q,
                               struct pm_json_out *out) {
  if (!pm_call_is_mid_message(call))
    open_answer(call, q, out);
  while (q->written < q->count && pm_call_has_room(call))
    pm_fields_put(out, q->of->table, q->mask, call->snapshot,
                  row_at(call, q, q->order[q->written++]));
  if (q->written < q->count)
    return PM_PROGRESS_PARTIAL;
  pm_json_array_end(out);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

void pm_query_done(struct pm_query *q) { free(q->order); }
