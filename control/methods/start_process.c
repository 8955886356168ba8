#include "methods/job.h"
#include "methods/lookup.h"
#include "methods/methods.h"
#include "methods/start_check.h"
#include "methods/start_spec.h"
#include "methods/start_state.h"
#include "server/reply.h"
#include "views/fields.h"

#include "base/copy.h"
#include "base/hold_start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define QUEUE_NS (PM_NS_PER_S / 50)

static void audit(struct pm_call *call, const struct pm_start *s, int32_t pid,
                  uint64_t birth, const char *verdict) {
  struct pm_audit_line line = {.peer = call->peer,
                               .method = "start_process",
                               .verdict = verdict,
                               .as = s->uid,
                               .pid = pid,
                               .start_time = birth,
                               .what = s->id,
                               .said = s->command};
  if (strcmp(verdict, "done") == 0)
    pm_audit_done(&call->context->audit, &line);
  else
    pm_audit_refused(&call->context->audit, call->context->now, &line);
}

/* ---- the process ---- */

/* It may have ended already: that is no failure. */
static void read_process(struct pm_call *call, struct pm_start *s) {
  struct pm_process_view *p = &s->process;
  if (pm_lookup_process(call, s->pid, s->birth, PM_PROCESS_VIEW_WANT,
                        &p->detail) == 0) {
    call->snapshot = pm_context_latest(call->context);
    s->has_row = pm_process_view_choose(call, s->pid, p) == 0;
    if (s->has_row)
      pm_process_view_correct(call, p);
  }
  call->failure.code = PM_CODE_NONE;
}

/* Its first process, which may have ended already. */
static void show(struct pm_call *call, struct pm_start *s, int32_t pid,
                 uint64_t birth) {
  s->phase = PM_START_OVER;
  s->pid = pid;
  s->birth = birth;
  if (s->pid > 0)
    read_process(call, s);
  pm_call_wait_none(call);
  pm_call_ready(call);
}

/* ---- starting ---- */

static void on_answer(void *arg, const void *record, size_t length);

/* As whom, if he says so: himself, too. */
static uint32_t list_users(struct pm_call *call,
                           const struct pm_subject *subject,
                           uint32_t ret[PM_HOLD_START_MAY]) {
  const struct pm_allow_options *allow =
      &call->context->environment->options->allow;
  size_t n = 0;
  if (pm_allow_as(allow, subject, PM_METHOD_start_process, subject->uid))
    ret[n++] = subject->uid;
  return (uint32_t)(n + pm_allow_users(allow, subject, PM_METHOD_start_process,
                                       ret + n, PM_HOLD_START_MAY - n));
}

static int send_request(struct pm_call *call, struct pm_start *s,
                        struct pm_err *err) {
  const struct pm_job_places *p = pm_jobs_places(call->context->jobs);
  static uint32_t may[PM_HOLD_START_MAY];
  struct pm_subject subject = pm_job_subject(call);
  const char *const texts[PM_HOLD_START_TEXTS] = {
      [PM_HOLD_START_JOBS] = p->jobs,
      [PM_HOLD_START_LOGS] = p->logs,
      [PM_HOLD_START_KEEP] = p->keep,
      [PM_HOLD_START_USER] = s->user};
  struct pm_hold_start_request r = {
      .schema = PM_HOLD_SCHEMA,
      .spec_length = (uint32_t)s->record.length,
      .flags = call->peer->uid == 0 && !subject.sandboxed
                   ? PM_HOLD_START_ANYBODY
                   : 0,
      .peer = call->peer->pidfd >= 0 ? call->peer->pid : 0,
      .may = list_users(call, &subject, may)};
  struct iovec parts[3 + PM_HOLD_START_TEXTS] = {
      {&r, sizeof r}, {s->record.data, s->record.length}};
  for (size_t i = 0; i < PM_HOLD_START_TEXTS; i++) {
    r.text[i] = (uint32_t)strlen(texts[i]);
    parts[2 + i] = (struct iovec){(char *)(uintptr_t)texts[i], r.text[i]};
  }
  parts[2 + PM_HOLD_START_TEXTS] = (struct iovec){may, r.may * sizeof *may};
  return pm_action_start(&call->context->actions, call->context->now, "start",
                         call->peer->user, parts, 3 + PM_HOLD_START_TEXTS,
                         call->peer->pidfd, on_answer, call, &s->action, err);
}

static int ask_helper(struct pm_call *call, struct pm_start *s,
                      struct pm_err *err) {
  pm_jobs_expect(call->context->jobs, s->id, s->name, call->peer->uid);
  int status = send_request(call, s, err);
  if (status < 0)
    pm_jobs_expect_not(call->context->jobs, s->id);
  return status;
}

static void queue(struct pm_call *call, struct pm_start *s, uint64_t ns) {
  s->phase = PM_START_QUEUED;
  pm_call_wait_until(call, call->context->now.mono + ns);
}

static uint64_t wait_for_leave(struct pm_call *call, struct pm_start *s) {
  struct pm_context *o = call->context;
  if (s->admitted || call->peer->user == PM_PEER_USER_ROOT)
    return 0;
  s->admitted = true;
  return pm_rate_limit_reserve(&o->rate_limits, call->peer->user,
                               PM_RATE_LIMIT_ACT, o->now.mono);
}

static void refuse(struct pm_call *call, struct pm_start *s) {
  s->phase = PM_START_OVER;
  audit(call, s, 0, 0, pm_codes[call->failure.code].word);
}

/* A start with the same key is under way: it is waited for. */
static bool is_answered_by_key(struct pm_call *call, struct pm_start *s) {
  const struct pm_jobs_entry *e = pm_start_find_key(call, s->key);
  if (e) {
    s->existing = true;
    pm_copy_text(s->id, sizeof s->id, e->job.id);
    show(call, s, e->job.state.pid, e->job.state.birth);
  } else if (pm_start_is_key_pending(call, s->key)) {
    queue(call, s, QUEUE_NS);
  } else {
    return false;
  }
  return true;
}

static void begin(struct pm_call *call, struct pm_start *s) {
  struct pm_err err = PM_ERR_INIT;
  if (is_answered_by_key(call, s))
    return;
  uint64_t wait = wait_for_leave(call, s);
  int status = wait ? -EAGAIN : ask_helper(call, s, &err);
  if (status == -EAGAIN) {
    queue(call, s, wait ? wait : QUEUE_NS);
  } else if (status < 0) {
    pm_fail(&call->failure, PM_CODE_INTERNAL, "%s", err.text);
    refuse(call, s);
  } else {
    s->phase = PM_START_ASKED;
    pm_call_wait(call, PM_WAKE_ANSWER);
  }
}

/* ---- what failed ---- */

static const char *stage_of(const struct pm_hold_start_reply *r) {
  static const char *const words[] = {
      [PM_HOLD_START_REQUEST] = "request", [PM_HOLD_START_WHO] = "user",
      [PM_HOLD_START_PEER] = "limits",     [PM_HOLD_START_LOG] = "log",
      [PM_HOLD_START_FOLDER] = "folder",   [PM_HOLD_START_HOLDER] = "holder",
      [PM_HOLD_START_TIME] = "wait",       [PM_HOLD_START_STATE] = "state"};
  if (r->step == PM_HOLD_START_JOB)
    return pm_job_stage_word(r->stage);
  return r->step < sizeof words / sizeof *words ? words[r->step] : NULL;
}

static void explain_who(struct pm_call *call, const struct pm_start *s,
                        int num) {
  if (num == ENOENT)
    pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
            "there is no user %s here", s->user);
  else
    pm_fail(&call->failure, PM_CODE_PERMISSION_DENIED,
            "no <Allow> lets uid %u start a process as %s", call->peer->uid,
            s->user);
}

static bool is_killed(const struct pm_hold_start_reply *r) {
  return r->step == PM_HOLD_START_HOLDER && r->error == ECHILD;
}

static void explain_step(struct pm_call *call, const struct pm_start *s,
                         const struct pm_hold_start_reply *r,
                         const char *stage) {
  if (is_killed(r)) {
    pm_fail(&call->failure, PM_CODE_START_FAILED,
            "%s was not started: its holder ended before it could be, killed "
            "perhaps; nothing of it is left",
            s->command);
    return;
  }
  switch ((enum pm_hold_start_step)r->step) {
  case PM_HOLD_START_WHO:
    explain_who(call, s, r->error);
    break;
  case PM_HOLD_START_JOB:
    pm_fail(&call->failure, PM_CODE_START_FAILED, "%s: %s: %s", s->command,
            stage ? stage : "start", strerror(r->error));
    break;
  case PM_HOLD_START_TIME:
    pm_fail(&call->failure, PM_CODE_TIMED_OUT,
            "%s did not start in time, and was stopped", s->command);
    break;
  default: /* without root's rights it is not collectd that fails */
    pm_fail(&call->failure,
            r->error == EPERM || r->error == EACCES ? PM_CODE_UNSUPPORTED
                                                    : PM_CODE_INTERNAL,
            "procman-hold could not prepare the start (%s): %s",
            stage ? stage : "no answer", strerror(r->error));
  }
}

static void explain(struct pm_call *call, const struct pm_start *s,
                    const struct pm_hold_start_reply *r) {
  const char *stage = stage_of(r);
  explain_step(call, s, r, stage);
  call->failure.num = r->error;
  call->failure.stage = stage;
}

/* ---- the answer ---- */

static void forget_coming(struct pm_call *call, const struct pm_start *s) {
  if (call->context->jobs)
    pm_jobs_expect_not(call->context->jobs, s->id);
}

static void take_job(struct pm_call *call, struct pm_start *s,
                     const struct pm_hold_start_reply *r) {
  struct pm_jobs_entry *e;
  int status = call->context->jobs ? pm_jobs_add(call->context->jobs, s->id, &e)
                                   : -ENOENT;
  s->uid = r->uid;
  audit(call, s, r->pid, r->birth, "done");
  if (status < 0) {
    forget_coming(call, s);
    pm_fail(&call->failure, PM_CODE_INTERNAL,
            "the job %s was started, but its folder cannot be read: %s", s->id,
            strerror(-status));
    s->phase = PM_START_OVER;
    return;
  }
  show(call, s, r->pid, r->birth);
  pm_start_make_room(call);
}

static void on_answer(void *arg, const void *record, size_t length) {
  static const struct pm_hold_start_reply none = {.error = EPIPE};
  struct pm_call *call = arg;
  struct pm_start *s = call->data;
  const struct pm_hold_start_reply *r = record;
  if (length != sizeof *r || r->schema != PM_HOLD_SCHEMA)
    r = &none;
  s->action = NULL;
  pm_call_wake(call, PM_WAKE_ANSWER);
  if (r != &none && r->step == PM_HOLD_START_DONE) {
    take_job(call, s, r);
    return;
  }
  if (r == &none && call->context->jobs) /* it may have started it */
    pm_jobs_look_again(call->context->jobs);
  forget_coming(call, s);
  explain(call, s, r);
  refuse(call, s);
}

/* ---- the method ---- */

static int take_identity(struct pm_call *call, struct pm_start *s) {
  if (!*s->user)
    return pm_lookup_identity(call, call->peer->uid, call->peer->gid, &s->as);
  if (!call->context->can_become)
    return pm_fail(&call->failure, PM_CODE_UNSUPPORTED,
                   "collectd lacks CAP_SETUID and CAP_SETGID, so it can start "
                   "nothing as another user");
  s->as = (struct pm_hold_identity){.uid = call->peer->uid,
                                    .gid = call->peer->gid,
                                    .group_count =
                                        (uint32_t)call->peer->group_count};
  if (call->peer->uid != 0)
    return 0;
  struct pm_peer_caps caps; /* of root who names himself */
  pm_peer_caps(call->peer, &caps);
  s->as.capabilities = caps.effective;
  return 0;
}

static int take_texts(struct pm_call *call, struct pm_start *s,
                      const struct pm_json *params) {
  const char *command = pm_param_text(params, "command", "");
  const char *name = pm_param_text(params, "name", "");
  const char *slash = strrchr(command, '/');
  pm_copy_text(s->command, sizeof s->command, slash ? slash + 1 : command);
  pm_copy_text(s->key, sizeof s->key, pm_param_text(params, "request_key", ""));
  pm_copy_text(s->user, sizeof s->user, pm_param_text(params, "user", ""));
  s->named = *name;
  if (s->named && !pm_job_is_name(name))
    return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                   "a name has letters, digits and \"_.@+-\", and not digits "
                   "only; not %.64s",
                   name);
  if (s->named)
    pm_copy_text(s->name, sizeof s->name, name);
  return 0;
}

/* Names are chosen when the jobs are known; the id, and the record with both,
 * while the parameters can be read. */
static int make_record(struct pm_call *call, struct pm_start *s,
                       const struct pm_json *params) {
  uint64_t random;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    return pm_fail(&call->failure, PM_CODE_INTERNAL, "no random numbers");
  if (pm_start_choose_name(call, s) < 0)
    return -1;
  pm_job_id_of(s->name, random, s->id);
  struct pm_start_spec of = {.options = call->context->environment->jobs,
                             .as = &s->as,
                             .groups = call->peer->groups,
                             .log_bytes = pm_start_log_bytes(call),
                             .id = s->id,
                             .name = s->name,
                             .key = s->key};
  return pm_start_spec_write(call, params, &of, &s->record);
}

static int prepare(struct pm_call *call, struct pm_start *s,
                   const struct pm_json *params) {
  if (is_answered_by_key(call, s) && s->phase == PM_START_OVER)
    return 0;
  if (take_identity(call, s) < 0 || make_record(call, s, params) < 0 ||
      pm_start_check_places(call) < 0)
    return -1;
  begin(call, s);
  return call->failure.code ? -1 : 0;
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct pm_start *s = call->data;
  s->uid = call->peer->uid;
  if (take_texts(call, s, params) < 0)
    return -1;
  int known = pm_job_are_known(call);
  if (known == 0)
    return pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
                   "the jobs of before are still being read; try again in a "
                   "moment");
  if (known < 0 || prepare(call, s, params) < 0) {
    if (s->phase != PM_START_OVER)
      refuse(call, s);
    return -1;
  }
  return 0;
}

static void step(struct pm_call *call) {
  struct pm_start *s = call->data;
  if (s->phase == PM_START_QUEUED)
    begin(call, s);
}

static void put_process(struct pm_call *call, struct pm_json_out *out,
                        const struct pm_start *s) {
  const struct pm_process_view *p = &s->process;
  struct pm_snapshot frame = pm_process_view_frame(call, p);
  pm_json_key(out, "process");
  if (s->has_row) {
    pm_fields_put(out, pm_view_process, pm_fields_default(pm_view_process),
                  &frame, &p->row);
    return;
  }
  if (s->pid <= 0) { /* of an earlier start, which has ended */
    pm_json_null(out);
    return;
  }
  pm_json_object(out); /* of one that has ended, what is known */
  pm_json_key(out, "pid");
  pm_json_integer(out, s->pid);
  pm_json_put_unsigned(out, "start_time", s->birth);
  pm_json_put_text(out, "name", s->command);
  pm_json_put_text(out, "status", "dead");
  pm_json_object_end(out);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct pm_start *s = call->data;
  if (s->phase != PM_START_OVER)
    return PM_PROGRESS_WAIT;
  const struct pm_jobs_entry *e =
      call->context->jobs ? pm_jobs_find(call->context->jobs, s->id) : NULL;
  if (!e) {
    pm_fail(&call->failure, PM_CODE_NOT_FOUND, "the job %s was removed", s->id);
    pm_reply_failure(out, &call->id, &call->failure);
    return PM_PROGRESS_DONE;
  }
  pm_reply_open(out, &call->id);
  put_process(call, out, s);
  pm_json_put_text(out, "job_id", e->job.id);
  pm_json_key(out, "job");
  pm_job_put(out, e, call->context->now);
  pm_json_put_boolean(out, "survives_restart", e->survives);
  if (s->existing)
    pm_json_put_boolean(out, "existing", true);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

static void end(struct pm_call *call) {
  struct pm_start *s = call->data;
  pm_action_cancel(s->action);
  pm_buf_done(&s->record);
}

const struct pm_method_ops pm_method_start_process = {
    .state = sizeof(struct pm_start),
    .outlives = true,
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
