#include "methods/logs_target.h"
#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"
#include "server/source.h"

#include "base/copy.h"
#include "base/hold_logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* procman-hold reads and makes the JSON of the lines, as the caller; here they
 * are copied while the client has room. */
enum { QUEUE_S = 15, SILENT_S = 15, LINES = 100 };

#define QUEUE_NS (PM_NS_PER_S / 20) /* until it is looked for a free helper */

struct logs {
  struct pm_hold_logs_request record;
  struct pm_source *source; /* NULL: it waits for its turn, or is over */
  bool admitted;            /* by the limit on how often */
  bool opened;              /* the answer was begun */
  bool told;                /* the stream's first item was sent */
  bool silent;              /* the helper has said nothing for too long */
  uint64_t until;           /* mono: to wait for a turn, or for a message */
  struct pm_logs_target target;
  char cursor[PM_HOLD_LOGS_TEXT + 1], grep[PM_HOLD_LOGS_TEXT + 1];
  char from[PM_HOLD_LOGS_TEXT]; /* what the lines come from */
};

/* One message; the control thread has only one in its hands at a time. */
static struct {
  struct pm_hold_logs_message head;
  char text[PM_HOLD_LOGS_MESSAGE + 1];
} message;

/* ---- the request ---- */

static int take_stream(struct pm_call *call, struct logs *l,
                       const struct pm_json *params) {
  const char *stream = pm_param_text(params, "stream", NULL);
  l->record.streams = PM_HOLD_LOGS_STDOUT | PM_HOLD_LOGS_STDERR;
  if (!stream)
    return 0;
  if (strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0)
    return pm_fail_parameter(&call->failure, "stream",
                             "stream must be stdout or stderr");
  l->record.streams =
      strcmp(stream, "stdout") == 0 ? PM_HOLD_LOGS_STDOUT : PM_HOLD_LOGS_STDERR;
  return 0;
}

static void take_cursor(struct logs *l, const struct pm_json *params) {
  pm_copy_text(l->cursor, sizeof l->cursor,
               pm_param_text(params, "cursor", ""));
  if (strcmp(l->cursor, "start") == 0) {
    l->record.flags |= PM_HOLD_LOGS_FROM_START;
    l->cursor[0] = '\0';
  }
}

static uint64_t take_time(const struct pm_json *params, const char *name) {
  return (uint64_t)(pm_param_number(params, name, 0) * (double)PM_NS_PER_S);
}

static int take_parameters(struct pm_call *call, struct logs *l,
                           const struct pm_json *params) {
  l->record.schema = PM_HOLD_SCHEMA;
  l->record.max_lines = (uint64_t)pm_param_integer(params, "max_lines", LINES);
  l->record.flags = call->is_stream ? PM_HOLD_LOGS_FOLLOW : 0;
  if (pm_param_boolean(params, "detail", false))
    l->record.flags |= PM_HOLD_LOGS_DETAIL;
  take_cursor(l, params);
  pm_copy_text(l->grep, sizeof l->grep, pm_param_text(params, "grep", ""));
  l->record.cursor_length = (uint32_t)strlen(l->cursor);
  l->record.grep_length = (uint32_t)strlen(l->grep);
  l->record.since_ns = take_time(params, "since");
  l->record.until_ns = take_time(params, "until");
  return take_stream(call, l, params);
}

/* ---- the helper ---- */

static void on_ready(void *arg) { pm_call_wake(arg, PM_WAKE_ANSWER); }

static uint64_t wait_for_leave(struct pm_call *call, struct logs *l) {
  struct pm_context *o = call->context;
  if (l->admitted || call->peer->user == PM_PEER_USER_ROOT)
    return 0;
  l->admitted = true;
  return pm_rate_limit_reserve(&o->rate_limits, call->peer->user,
                               PM_RATE_LIMIT_LOGS, o->now.mono);
}

static int open_source(struct pm_call *call, struct logs *l,
                       struct pm_err *err) {
  const struct pm_peer *p = call->peer;
  struct iovec parts[] = {
      {&l->record, sizeof l->record},
      {p->groups, l->record.as.group_count * sizeof *p->groups},
      {l->cursor, l->record.cursor_length},
      {l->grep, l->record.grep_length},
      {l->target.folder, l->record.job_length}};
  return pm_source_open(&call->context->sources, "logs", p->user, parts, 5,
                        on_ready, call, &l->source, err);
}

static void expect_message(struct pm_call *call, struct logs *l) {
  l->until = call->context->now.mono + SILENT_S * PM_NS_PER_S;
  pm_call_wait_until(call, l->until);
}

/* As soon as that may be: what comes too often waits. */
static void begin(struct pm_call *call, struct logs *l) {
  struct pm_err err = PM_ERR_INIT;
  uint64_t mono = call->context->now.mono, wait = wait_for_leave(call, l);
  int status = wait ? -EAGAIN : open_source(call, l, &err);
  if (status == 0) {
    pm_call_wait(call, PM_WAKE_ANSWER);
    expect_message(call, l);
  } else if (status == -EAGAIN && mono < l->until) {
    pm_call_wait_until(call, mono + (wait ? wait : QUEUE_NS));
  } else {
    pm_fail(&call->failure,
            status == -EAGAIN ? PM_CODE_LIMIT_EXCEEDED : PM_CODE_INTERNAL, "%s",
            err.text);
  }
}

static void take_target(struct logs *l) {
  const struct pm_logs_target *t = &l->target;
  l->record.pid = t->pid;
  l->record.birth = t->birth;
  l->record.as = t->as;
  l->record.job_length = (uint32_t)strlen(t->folder);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct logs *l = call->data;
  if (take_parameters(call, l, params) < 0)
    return -1;
  if (pm_logs_target_find(call, params, &l->target) < 0) {
    pm_logs_target_audit(call, &l->target);
    return -1;
  }
  take_target(l);
  l->until = call->context->now.mono + QUEUE_S * PM_NS_PER_S;
  begin(call, l);
  return call->failure.code ? -1 : 0;
}

static void step(struct pm_call *call) {
  struct logs *l = call->data;
  if (!l->source) {
    if (pm_logs_target_may_go_on(call, &l->target))
      begin(call, l);
    else
      pm_logs_target_audit(call, &l->target);
    return;
  }
  l->silent = l->until && call->context->now.mono >= l->until;
  pm_call_ready(call);
}

static void close_source(struct logs *l) {
  pm_source_close(l->source);
  l->source = NULL;
}

/* ---- the answer ---- */

static const struct {
  enum pm_code code;
  const char *what; /* instead of the helper's words */
} failures[] = {
    [PM_HOLD_LOGS_IDENTITY] = {PM_CODE_UNSUPPORTED,
                               "procman-hold could not take on the ids, so it "
                               "did nothing"},
    [PM_HOLD_LOGS_GONE] = {PM_CODE_NOT_FOUND, NULL},
    [PM_HOLD_LOGS_OTHER] = {PM_CODE_STALE_PROCESS, NULL},
    [PM_HOLD_LOGS_DENIED] = {PM_CODE_PERMISSION_DENIED, NULL},
    [PM_HOLD_LOGS_UNAVAILABLE] = {PM_CODE_LOGS_UNAVAILABLE, NULL},
    [PM_HOLD_LOGS_ARGUMENT] = {PM_CODE_INVALID_ARGUMENT, NULL},
    [PM_HOLD_LOGS_BROKEN] = {PM_CODE_INTERNAL, NULL},
};

static void explain(struct pm_call *call, const struct logs *l) {
  size_t i = message.head.failure;
  if (i >= sizeof failures / sizeof *failures)
    i = PM_HOLD_LOGS_BROKEN;
  pm_fail(&call->failure, failures[i].code, "%s: %s", l->target.what,
          failures[i].what ? failures[i].what : message.text);
  call->failure.num = message.head.error;
}

static enum pm_progress refuse(struct pm_call *call, struct logs *l,
                               struct pm_json_out *out) {
  close_source(l);
  if (call->failure.code == PM_CODE_PERMISSION_DENIED)
    pm_logs_target_audit(call, &l->target);
  pm_reply_failure(out, &call->id, &call->failure);
  return PM_PROGRESS_DONE;
}

static void open_answer(struct pm_call *call, struct logs *l,
                        struct pm_json_out *out) {
  l->opened = true;
  pm_reply_open(out, &call->id);
  pm_json_put_text(out, "source", l->from);
  pm_json_key(out, "lines");
  pm_json_array(out);
}

static void put_end(struct pm_json_out *out, const char *cursor, bool complete,
                    const char *name, const char *why) {
  pm_json_put_boolean(out, "complete", complete);
  if (*why)
    pm_json_put_text(out, name, why);
  if (*cursor)
    pm_json_put_text(out, "cursor", cursor);
  pm_reply_close(out);
}

/* reason: of a stream */
static enum pm_progress end_answer(struct pm_call *call, struct logs *l,
                                   struct pm_json_out *out, const char *reason,
                                   const char *cursor, bool complete,
                                   const char *why) {
  close_source(l);
  if (call->is_stream) {
    pm_reply_open(out, &call->id);
    pm_json_put_text(out, "reason", reason);
    pm_json_put_unsigned(out, "dropped", call->dropped);
    put_end(out, cursor, complete, "missing", complete ? "" : why);
    return PM_PROGRESS_DONE;
  }
  if (!l->opened)
    open_answer(call, l, out);
  pm_json_array_end(out);
  put_end(out, cursor, complete, "reason", complete ? "" : why);
  return PM_PROGRESS_DONE;
}

/* The helper has died, or says nothing. */
static enum pm_progress give_up(struct pm_call *call, struct logs *l,
                                struct pm_json_out *out) {
  static const char silent[] = "the file did not answer in time",
                    died[] = "procman-hold ended early";
  const char *why = l->silent ? silent : died;
  if (l->opened || l->told)
    return end_answer(call, l, out, l->silent ? "timed_out" : "failed", "",
                      false, why);
  pm_fail(&call->failure, l->silent ? PM_CODE_TIMED_OUT : PM_CODE_INTERNAL,
          "%s: %s", l->target.what, why);
  return refuse(call, l, out);
}

static void open_item(struct pm_call *call, struct pm_json_out *out) {
  pm_reply_item_open(out, &call->id, call->seq++);
  pm_json_object(out);
}

static enum pm_progress put_item(struct logs *l, struct pm_json_out *out,
                                 size_t length) {
  pm_json_key(out, "lines");
  pm_json_array(out);
  if (length)
    pm_json_raw(out, message.text, length);
  pm_json_array_end(out);
  pm_json_object_end(out);
  pm_reply_item_close(out);
  l->told = true;
  return PM_PROGRESS_NEXT;
}

static enum pm_progress put_lines(struct pm_call *call, struct logs *l,
                                  struct pm_json_out *out) {
  if (call->is_stream) {
    open_item(call, out);
    return put_item(l, out, message.head.length);
  }
  if (!l->opened)
    open_answer(call, l, out);
  pm_json_raw(out, message.text, message.head.length);
  return PM_PROGRESS_PARTIAL;
}

/* The second of two texts. */
static const char *second_text(void) {
  const char *at = message.text + strlen(message.text) + 1;
  return at < message.text + message.head.length ? at : "";
}

/* A stream begins with an item that says where the lines come from. */
static enum pm_progress take_from(struct pm_call *call, struct logs *l,
                                  struct pm_json_out *out) {
  pm_copy_text(l->from, sizeof l->from, message.text);
  if (!call->is_stream)
    return PM_PROGRESS_WAIT;
  open_item(call, out);
  pm_json_put_text(out, "source", l->from);
  if (*second_text())
    pm_json_put_text(out, "missing", second_text());
  return put_item(l, out, 0);
}

static enum pm_progress take_end(struct pm_call *call, struct logs *l,
                                 struct pm_json_out *out) {
  const char *why = second_text();
  return end_answer(call, l, out, strcmp(why, "until") == 0 ? why : "exited",
                    message.text, message.head.complete, why);
}

static enum pm_progress take_message(struct pm_call *call, struct logs *l,
                                     struct pm_json_out *out) {
  switch ((enum pm_hold_logs_kind)message.head.kind) {
  case PM_HOLD_LOGS_SOURCE:
    return take_from(call, l, out);
  case PM_HOLD_LOGS_LINES:
    return put_lines(call, l, out);
  case PM_HOLD_LOGS_END:
    return take_end(call, l, out);
  case PM_HOLD_LOGS_FAILED:
    break;
  }
  explain(call, l);
  return refuse(call, l, out);
}

/* -EAGAIN: none yet; 0: there will be none. */
static ssize_t receive(struct logs *l) {
  ssize_t n = pm_source_take(l->source, &message, sizeof message - 1);
  if (n < 0)
    return n;
  size_t length = (size_t)n;
  if (length < sizeof message.head || message.head.schema != PM_HOLD_SCHEMA ||
      message.head.length != length - sizeof message.head)
    return 0;
  message.text[message.head.length] = '\0';
  return n;
}

/* A follower waits as long as it likes. */
static enum pm_progress wait_for_more(struct pm_call *call, struct logs *l) {
  if (call->is_stream && l->told) {
    l->until = 0;
    pm_call_wait_none(call);
    pm_call_wait(call, PM_WAKE_ANSWER);
  } else {
    expect_message(call, l);
  }
  return l->opened ? PM_PROGRESS_PAUSE : PM_PROGRESS_WAIT;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  struct logs *l = call->data;
  if (pm_call_is_cancelled(call)) {
    pm_reply_stream_end(out, &call->id, "cancelled", call->dropped);
    return PM_PROGRESS_DONE;
  }
  if (call->is_stream && !pm_logs_target_may_go_on(call, &l->target))
    return refuse(call, l, out);
  enum pm_progress progress = PM_PROGRESS_WAIT;
  while (progress == PM_PROGRESS_WAIT ||
         (progress == PM_PROGRESS_PARTIAL && pm_call_has_room(call))) {
    ssize_t n = receive(l);
    if (n == -EAGAIN && !l->silent)
      return wait_for_more(call, l);
    l->silent &= n <= 0; /* it was we who did not listen */
    progress = n > 0 ? take_message(call, l, out) : give_up(call, l, out);
  }
  return progress;
}

static void end(struct pm_call *call) { close_source(call->data); }

const struct pm_method_ops pm_method_get_logs = {
    .state = sizeof(struct logs),
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
