#include "methods/methods.h"

#include "methods/job.h"
#include "methods/query.h"
#include "server/call.h"
#include "server/reply.h"

#include "base/copy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "" = no such filter */
struct list {
  struct pm_query query;
  struct pm_visibility_viewer viewer;
  char user[257], name[257], group[257], status[33];
  uint32_t job; /* its number; 0 = no such filter */
};

static bool user_is(const struct pm_snapshot *s,
                    const struct pm_snapshot_process *p, const char *user) {
  char digits[16];
  if (!(p->have & PM_SNAPSHOT_UID))
    return false;
  snprintf(digits, sizeof digits, "%u", p->uid);
  const char *name = pm_snapshot_user(s, p->uid);
  return strcmp(digits, user) == 0 || (name && strcmp(name, user) == 0);
}

/* A glob with a blank can only match a whole command line. */
static bool name_is(const struct pm_snapshot_process *p, const char *glob) {
  const char *text = strchr(glob, ' ') ? p->command : p->name;
  return text && fnmatch(glob, text, 0) == 0;
}

static bool wanted(struct pm_call *call, const struct pm_snapshot *s,
                   const void *row) {
  const struct list *q = call->data;
  const struct pm_snapshot_process *p = row;
  const char *status = pm_view_process_status(p->state);
  if (*q->user && !user_is(s, p, q->user))
    return false;
  if (*q->name && !name_is(p, q->name))
    return false;
  if (*q->group && (p->group >= s->group_count ||
                    strcmp(s->groups[p->group].name, q->group) != 0))
    return false;
  if (q->job && p->job != q->job)
    return false;
  if (*q->status && (!status || strcmp(status, q->status) != 0))
    return false;
  return pm_visibility_process(&call->context->visibility, &q->viewer, p);
}

static bool is_number(const char *text) {
  return text[strspn(text, "0123456789")] == '\0';
}

/* A filter that nothing can match is told, not answered with an empty list. */
static int prepare(struct pm_call *call) {
  const struct list *q = call->data;
  const struct pm_snapshot *s = call->snapshot;
  if (!q->viewer.all)
    return 0; /* whom others run is not told */
  bool user =
      !*q->user || is_number(q->user) || s->user_count == PM_SNAPSHOT_USERS;
  bool group = !*q->group;
  for (size_t i = 0; i < s->user_count && !user; i++)
    user = strcmp(s->users[i].name, q->user) == 0;
  for (size_t i = 0; i < s->group_count && !group; i++)
    group = strcmp(s->groups[i].name, q->group) == 0;
  if (!user)
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "no process belongs to a user %.64s", q->user);
  if (!group)
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "there is no group %.64s now; list_groups has them",
                   q->group);
  return 0;
}

static const void *processes(const struct pm_call *call, size_t *ret_count) {
  *ret_count = call->snapshot->process_count;
  return call->snapshot->processes;
}

static const struct pm_query_rows rows = {
    .key = "processes",
    .table = pm_view_process,
    .row_size = sizeof(struct pm_snapshot_process),
    .prepare = prepare,
    .rows = processes,
    .wanted = wanted,
};

static void keep(const struct pm_json *params, const char *name, char *ret,
                 size_t size) {
  pm_copy_text(ret, size, pm_param_text(params, name, ""));
}

static bool is_status(const char *word) {
  for (const char *letter = "RSDTtZXI"; *letter; letter++)
    if (strcmp(pm_view_process_status(*letter), word) == 0)
      return true;
  return false;
}

/* A glob over a command line takes microseconds, /proc some dozens of them. */
static uint32_t cost_rows(const struct list *q) {
  enum { READ = 32, MATCHED = 128 };
  return !q->viewer.all ? READ : *q->name ? MATCHED : 0;
}

static int take_job(struct pm_call *call, const struct pm_json *params,
                    uint32_t *ret) {
  const char *text = pm_param_text(params, "filter.job_id", "");
  const struct pm_jobs_entry *e =
      *text ? pm_job_lookup_shown(call, text) : NULL;
  *ret = e ? e->series.number : 0;
  return *text && !e ? -1 : 0;
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct list *q = call->data;
  keep(params, "filter.user", q->user, sizeof q->user);
  keep(params, "filter.name", q->name, sizeof q->name);
  keep(params, "filter.group", q->group, sizeof q->group);
  keep(params, "filter.status", q->status, sizeof q->status);
  if (*q->status && !is_status(q->status))
    return pm_fail_parameter(&call->failure, "filter.status",
                             "filter.status must be running, sleeping, "
                             "disk-sleep, stopped, tracing-stop, zombie, dead "
                             "or idle");
  if (take_job(call, params, &q->job) < 0)
    return -1;
  pm_visibility_viewer(&call->context->visibility, call->context->now,
                       call->peer, &q->viewer);
  q->query.at_once = cost_rows(q);
  return pm_query_start(call, &q->query, &rows, params);
}

static void step(struct pm_call *call) {
  pm_query_step(call, &((struct list *)call->data)->query);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  return pm_query_more(call, &((struct list *)call->data)->query, out);
}

static void end(struct pm_call *call) {
  pm_query_done(&((struct list *)call->data)->query);
}

const struct pm_method_ops pm_method_list_processes = {
    .state = sizeof(struct list),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
