#include "methods/job.h"
#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"

#include "wire/signal.h"

#include <string.h>
#include <sys/wait.h>

enum { RENEW_S = 5, KEEP_S = 15, AT_ONCE = 16 };

enum { JOB = PM_EXCHANGE_OOM + 1, KINDS };
static const char *const kinds[KINDS] = {[PM_EXCHANGE_START] = "start",
                                         [PM_EXCHANGE_EXIT] = "exit",
                                         [PM_EXCHANGE_OOM] = "oom",
                                         [JOB] = "job"};

struct watch {
  bool wanted[KINDS];
  uint64_t cursor;
  uint64_t since; /* real: earlier events are not sent */
  struct pm_visibility_viewer viewer;
  struct pm_job_watcher jobs;
};

/* Events are kept, and turns go on, for as long as this is renewed. */
static int renew(struct pm_call *call) {
  struct pm_context *o = call->context;
  uint64_t until = o->now.mono + KEEP_S * PM_NS_PER_S;
  pm_exchange_request_turns(pm_context_exchange(o), until);
  pm_call_wait_until(call, o->now.mono + RENEW_S * PM_NS_PER_S);
  return pm_exchange_request_events(pm_context_exchange(o), until);
}

static int take_kinds(struct pm_call *call, struct watch *w,
                      const struct pm_json *params) {
  const struct pm_json *list = pm_param_find(params, "kinds");
  for (size_t i = 0; i < KINDS; i++)
    w->wanted[i] = !list;
  for (const struct pm_json *v = list ? pm_json_first(list) : NULL; v;
       v = pm_json_after(list, v)) {
    size_t i = 0;
    while (i < KINDS && strcmp(kinds[i], v->text) != 0)
      i++;
    if (i == KINDS)
      return pm_fail_parameter(&call->failure, "kinds",
                               "kinds cannot have %.32s; valid: start, exit, "
                               "oom, job",
                               v->text);
    w->wanted[i] = true;
  }
  return 0;
}

static void on_job(void *arg) { pm_call_wake(arg, PM_WAKE_JOB); }

/* Where there are none, none are told of. */
static int watch_jobs(struct pm_call *call, struct watch *w) {
  struct pm_jobs *jobs = call->context->jobs;
  if (!w->wanted[JOB] || !jobs)
    return 0;
  w->jobs.changed = on_job;
  w->jobs.arg = call;
  pm_call_wait(call, PM_WAKE_JOB);
  return pm_job_events_watch(pm_jobs_events(jobs), &w->jobs) < 0
             ? pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory")
             : 0;
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct watch *w = call->data;
  if (take_kinds(call, w, params) < 0)
    return -1;
  if (renew(call) < 0)
    return pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory");
  /* the time of a start is known to a clock tick */
  w->since = call->context->now.real - call->context->root.units.tick_ns;
  w->cursor = pm_exchange_next_event(pm_context_exchange(call->context));
  pm_call_wait(call, PM_WAKE_TURN);
  return watch_jobs(call, w);
}

static void step(struct pm_call *call) {
  struct watch *w = call->data;
  if (!pm_call_waits(call, PM_WAKE_TIME))
    renew(call);
  if (pm_exchange_next_event(pm_context_exchange(call->context)) != w->cursor ||
      (w->jobs.of && w->jobs.cursor != w->jobs.of->next))
    pm_call_ready(call);
}

/* ---- an item ---- */

static bool shows_itself(const struct watch *w,
                         const struct pm_exchange_event *e) {
  return e->uid_known &&
         pm_visibility_exited(&w->viewer, e->uid, e->ptrace_gid);
}

/* Where /proc hides processes, only those that the viewer could read are
 * shown. */
static bool visible(const struct watch *w, const struct pm_exchange_event *e) {
  return w->viewer.all || shows_itself(w, e);
}

static void put_end(struct pm_json_out *out,
                    const struct pm_exchange_event *e) {
  char name[PM_SIGNAL_NAME];
  int status = (int)e->status;
  if (WIFSIGNALED(status)) {
    pm_signal_name(WTERMSIG(status), name);
    pm_json_put_text(out, "signal", name);
    pm_json_put_boolean(out, "core", WCOREDUMP(status));
    return;
  }
  pm_json_key(out, "code");
  pm_json_integer(out, WEXITSTATUS(status));
}

static void put_who(struct pm_json_out *out, const struct pm_exchange_event *e,
                    const struct pm_snapshot *s) {
  pm_json_key(out, "pid");
  pm_json_integer(out, e->pid);
  pm_json_put_unsigned(out, "start_time", e->birth);
  pm_json_put_text(out, "name", e->comm);
  const char *user = e->uid_known && s ? pm_snapshot_user(s, e->uid) : NULL;
  pm_json_put_text(out, "user", user);
  pm_json_put_text(out, "group", e->group);
}

static void put_item(struct pm_call *call, struct pm_json_out *out,
                     const struct pm_exchange_event *e,
                     const struct pm_snapshot *s) {
  pm_reply_item_open(out, &call->id, call->seq++);
  pm_json_object(out);
  pm_json_put_text(out, "kind", kinds[e->kind]);
  pm_json_key(out, "time");
  pm_json_real(out, pm_seconds(e->real_ns), 3);
  put_who(out, e, s);
  const struct watch *w = call->data;
  if (e->kind != PM_EXCHANGE_START && e->status_known && shows_itself(w, e))
    put_end(out, e);
  pm_json_object_end(out);
  pm_reply_item_close(out);
}

static void put_job(struct pm_call *call, struct pm_json_out *out,
                    const struct pm_job_event *e) {
  struct pm_jobs_entry entry = {.job = e->job, .survives = e->survives};
  pm_reply_item_open(out, &call->id, call->seq++);
  pm_json_object(out);
  pm_json_put_text(out, "kind", kinds[JOB]);
  pm_json_key(out, "time");
  pm_json_real(out, pm_seconds(e->real_ns), 3);
  pm_json_key(out, "job");
  pm_job_put(out, &entry, call->context->now);
  pm_json_object_end(out);
  pm_reply_item_close(out);
}

/* True: there are more. */
static bool put_jobs(struct pm_call *call, struct watch *w,
                     struct pm_json_out *out) {
  struct pm_subject subject = pm_job_subject(call);
  const struct pm_job_event *e;
  for (int i = 0; i < AT_ONCE; i++) {
    if (!(e = pm_job_events_read(&w->jobs, &call->dropped)))
      return false;
    struct pm_job_owners owners = pm_job_owners_of(&e->job);
    if (pm_allow_see_job(&call->context->environment->options->allow, &subject,
                         &owners))
      put_job(call, out, e);
  }
  return true;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  struct watch *w = call->data;
  struct pm_exchange *exchange = pm_context_exchange(call->context);
  struct pm_exchange_event events[AT_ONCE];
  if (pm_call_is_cancelled(call)) {
    pm_reply_stream_end(out, &call->id, "cancelled", call->dropped);
    return PM_PROGRESS_DONE;
  }
  pm_visibility_viewer(&call->context->visibility, call->context->now,
                       call->peer, &w->viewer); /* it may have changed */
  size_t n = pm_exchange_read_events(exchange, &w->cursor, events, AT_ONCE,
                                     &call->dropped);
  struct pm_snapshot *s = pm_exchange_latest(exchange);
  for (size_t i = 0; i < n; i++)
    if (w->wanted[events[i].kind] && events[i].real_ns >= w->since &&
        visible(w, &events[i]))
      put_item(call, out, &events[i], s);
  pm_snapshot_unref(s);
  /* other calls may write between two items */
  bool jobs = w->jobs.of && put_jobs(call, w, out);
  return n == AT_ONCE || jobs ? PM_PROGRESS_NEXT : PM_PROGRESS_WAIT;
}

static void end(struct pm_call *call) {
  struct watch *w = call->data;
  pm_job_events_unwatch(&w->jobs);
}

const struct pm_method_ops pm_method_watch_events = {
    .state = sizeof(struct watch),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
