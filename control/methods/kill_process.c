#include "methods/job.h"
#include "methods/lookup.h"
#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"

#include "base/fd.h"
#include "base/hold_protocol.h"
#include "base/pidfd.h"
#include "wire/signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* procman-hold sends the signals, as the caller; here it is decided with which
 * ids, and what happens afterwards. */
enum phase {
  VERIFYING,  /* its stat blocks: the next turn shows whether it is meant */
  QUEUED,     /* until the user may act again, and a helper is free */
  SENDING,    /* procman-hold is sending the first signal */
  WAITING,    /* for the end of the process, until the timeout */
  ESCALATING, /* procman-hold is sending KILL */
  ENDING,     /* KILL was sent: waits a little longer for the end */
  OVER,
};

enum { KILL_WAIT_S = 5, VERIFY_WAIT_S = 20 };

/* How often it is looked whether the process has ended. */
#define POLL_NS (PM_NS_PER_S / 20)
#define POLL_MAX_NS (PM_NS_PER_S / 2)
#define QUEUE_NS (PM_NS_PER_S / 50) /* until it is looked for a free helper */

struct act {
  enum phase phase;
  struct pm_hold_kill_request record;
  struct pm_action *action;
  int pidfd;       /* tells when the process has ended; -1: none */
  uint64_t opened; /* mono, pidfd */
  uint64_t timeout, until, poll_every; /* ns; mono; ns */
  uint64_t ask_at;    /* mono: when procman-hold may be asked again */
  int signal;         /* the first one */
  uint32_t signalled; /* by the first signal */
  bool admitted;      /* by the limit on how often a user may act */
  bool escalated, exited;
};

/* ---- the record ---- */

static int take_scope(struct pm_call *call, struct act *a,
                      const struct pm_json *params) {
  const char *scope = pm_param_text(params, "scope", "process");
  if (strcmp(scope, "process_group") == 0)
    a->record.scope = PM_HOLD_PROCESS_GROUP;
  else if (strcmp(scope, "process") != 0)
    return pm_fail_parameter(&call->failure, "scope",
                             "scope must be process or process_group");
  return 0;
}

static void take_parameters(const struct pm_call *call, struct act *a,
                            const struct pm_json *params) {
  int signal = pm_param_signal(params, "signal");
  a->signal = signal < 0 ? SIGTERM : signal;
  a->timeout = (uint64_t)(pm_param_number(params, "timeout_seconds", 0) *
                          (double)PM_NS_PER_S);
  a->record.schema = PM_HOLD_SCHEMA;
  a->record.pid = (int32_t)pm_param_integer(params, "pid", 0);
  a->record.birth = (uint64_t)pm_param_integer(params, "start_time", 0);
  a->record.as.uid = call->peer->uid;
  a->record.spare = getpid();
}

/* To know when it ends.  Opened before procman-hold verifies the process, so it
 * may be another one's; it is only polled. */
static void open_pidfd(struct act *a) {
  if (a->timeout && a->record.scope == PM_HOLD_PROCESS)
    a->pidfd = pm_fd_high(pm_pidfd_open(a->record.pid));
}

/* ---- sending ---- */

static void audit(struct pm_call *call, const struct act *a,
                  const char *verdict) {
  char what[PM_SIGNAL_NAME];
  pm_signal_name(a->record.signal, what);
  struct pm_audit_line line = {
      .peer = call->peer,
      .method = "kill_process",
      .verdict = verdict,
      .as = a->record.as.uid,
      .pid = a->record.pid,
      .start_time = a->record.birth,
      .what = what,
      .said = a->record.scope == PM_HOLD_PROCESS ? "process" : "process_group"};
  if (strcmp(verdict, "done") == 0)
    pm_audit_done(&call->context->audit, &line);
  else
    pm_audit_refused(&call->context->audit, call->context->now, &line);
}

static void on_answer(void *arg, const void *record, size_t length);

static int send_signal(struct pm_call *call, struct act *a, int signal,
                       struct pm_err *err) {
  const struct pm_peer *p = call->peer;
  a->record.signal = signal;
  struct iovec parts[] = {
      {&a->record, sizeof a->record},
      {p->groups, a->record.as.group_count * sizeof *p->groups}};
  return pm_action_start(&call->context->actions, call->context->now, "kill",
                         p->user, parts, 2, a->record.verified ? a->pidfd : -1,
                         on_answer, call, &a->action, err);
}

/* Answered and done with. */
static void fail_before(struct pm_call *call, struct act *a, enum pm_code code,
                        const char *why) {
  pm_fail(&call->failure, code, "pid %d: %s", a->record.pid, why);
  audit(call, a, pm_codes[code].word);
  a->phase = OVER;
}

static void queue(struct pm_call *call, struct act *a, uint64_t ns) {
  a->phase = QUEUED;
  pm_call_wait_until(call, call->context->now.mono + ns);
}

/* How long it must wait, in the order of the requests. */
static uint64_t wait_for_leave(struct pm_call *call, struct act *a) {
  struct pm_context *o = call->context;
  if (a->admitted || call->peer->user == PM_PEER_USER_ROOT)
    return 0;
  a->admitted = true;
  return pm_rate_limit_reserve(&o->rate_limits, call->peer->user,
                               PM_RATE_LIMIT_ACT, o->now.mono);
}

/* Sends the first signal, as soon as that may be done: what comes too often
 * waits.  Who may do it was decided when it was asked for. */
static void send_first(struct pm_call *call, struct act *a) {
  struct pm_err err = PM_ERR_INIT;
  uint64_t wait = wait_for_leave(call, a);
  int status = wait ? -EAGAIN : send_signal(call, a, a->signal, &err);
  if (status == -EAGAIN)
    queue(call, a, wait ? wait : QUEUE_NS);
  else if (status < 0)
    fail_before(call, a, PM_CODE_INTERNAL, err.text);
  else
    a->phase = SENDING;
}

static void send_queued(struct pm_call *call, struct act *a) {
  if (a->pidfd >= 0 && pm_pidfd_has_ended(a->pidfd))
    fail_before(call, a, PM_CODE_NOT_FOUND, "it is not there any more");
  else
    send_first(call, a);
}

/* ---- one whose start cannot be read ----
 *
 * Its pidfd is opened, then a turn shows who has the pid, and if the pidfd's
 * process lives still, that was it all the time. */

static void begin_verifying(struct pm_call *call, struct act *a) {
  if (a->pidfd < 0)
    a->pidfd = pm_fd_high(pm_pidfd_open(a->record.pid));
  if (a->pidfd < 0) {
    fail_before(call, a, PM_CODE_NOT_FOUND, "it is not there any more");
    return;
  }
  a->phase = VERIFYING;
  a->opened = call->context->now.mono;
  a->until = a->opened + VERIFY_WAIT_S * PM_NS_PER_S;
  pm_snapshot_unref(pm_context_latest(call->context)); /* requests turns */
  pm_call_wait(call, PM_WAKE_TURN);
  pm_call_wait_until(call, a->until);
}

static void send_verified(struct pm_call *call, struct act *a) {
  a->record.verified = 1;
  send_first(call, a);
}

static void verify(struct pm_call *call, struct act *a) {
  struct pm_snapshot *s = pm_context_latest(call->context);
  bool newer = s && s->now.mono > a->opened;
  const struct pm_snapshot_process *row =
      newer ? pm_snapshot_find(s, a->record.pid, a->record.birth) : NULL;
  bool found = row != NULL;
  newer &= !found || !(row->have & PM_SNAPSHOT_UNVERIFIED);
  pm_snapshot_unref(s);
  if (newer && (!found || pm_pidfd_has_ended(a->pidfd)))
    fail_before(call, a, PM_CODE_STALE_PROCESS, "it is not there any more");
  else if (newer)
    send_verified(call, a);
  else if (call->context->now.mono >= a->until)
    fail_before(call, a, PM_CODE_TIMED_OUT,
                "it blocks whoever reads it, and no turn came that shows "
                "that it is the one");
}

/* ---- the end of it ---- */

static void finish(struct pm_call *call, struct act *a) {
  a->phase = OVER;
  pm_call_wait_none(call);
  pm_call_ready(call);
}

static bool has_ended(const struct act *a) {
  bool group = a->record.scope == PM_HOLD_PROCESS_GROUP;
  if (a->pidfd >= 0 && !group)
    return pm_pidfd_has_ended(a->pidfd);
  return kill(group ? -a->record.group : a->record.pid, 0) < 0 &&
         errno == ESRCH;
}

/* Zombies keep the number of a process group in use, so procman-hold is asked,
 * not too often, whether any member is alive. */
static void ask_if_alive(struct pm_call *call, struct act *a) {
  uint64_t mono = call->context->now.mono;
  if (a->record.scope != PM_HOLD_PROCESS_GROUP || a->action || mono < a->ask_at)
    return;
  a->ask_at = mono + POLL_MAX_NS;
  send_signal(call, a, 0, NULL);
}

static void poll_again(struct pm_call *call, struct act *a) {
  ask_if_alive(call, a);
  uint64_t next = call->context->now.mono + a->poll_every;
  pm_call_wait_until(call, next < a->until ? next : a->until);
  if (a->poll_every < POLL_MAX_NS)
    a->poll_every *= 2;
}

static void wait_for_exit(struct pm_call *call, struct act *a, enum phase phase,
                          uint64_t ns) {
  a->phase = phase;
  a->until = call->context->now.mono + ns;
  a->poll_every = POLL_NS;
  a->ask_at = call->context->now.mono + POLL_MAX_NS;
  pm_call_wait_until(call, call->context->now.mono + a->poll_every);
}

static void end_exited(struct pm_call *call, struct act *a) {
  a->exited = true;
  finish(call, a);
}

/* Its end is no news to whoever is notified of ends.  Noted once the signal was
 * sent: who may not send it must not silence anything. */
static void note_signal(struct pm_call *call, const struct act *a) {
  struct pm_exchange *exchange = pm_context_exchange(call->context);
  if (exchange)
    pm_exchange_note_signal(exchange, a->record.pid, a->record.birth,
                            a->record.signal, call->context->now.mono);
}

static void on_first_answer(struct pm_call *call, struct act *a,
                            const struct pm_hold_kill_reply *k) {
  if (k->error == ETIMEDOUT && k->stage == PM_HOLD_STAGE_FIND &&
      !a->record.verified) {
    begin_verifying(call, a);
    return;
  }
  if (k->error)
    pm_action_failed(&call->failure, a->record.pid, k->error,
                     (enum pm_hold_stage)k->stage);
  audit(call, a, k->error ? pm_codes[call->failure.code].word : "done");
  if (k->error == 0)
    note_signal(call, a);
  a->signalled = k->signalled;
  a->record.group = k->group;
  a->record.session = k->session;
  if (k->error)
    a->phase = OVER;
  else if (a->timeout)
    wait_for_exit(call, a, WAITING, a->timeout);
  else
    finish(call, a);
}

/* That no process is left is what was wanted. */
static void on_kill_answer(struct pm_call *call, struct act *a,
                           const struct pm_hold_kill_reply *k) {
  bool gone = k->error == ESRCH || k->error == ESTALE;
  a->escalated = k->error == 0;
  if (k->error == 0)
    note_signal(call, a);
  audit(call, a, k->error && !gone ? "failed" : "done");
  a->exited = gone;
  if (k->error && !gone)
    pm_action_failed(&call->failure, a->record.pid, k->error,
                     (enum pm_hold_stage)k->stage);
  if (k->error)
    finish(call, a);
  else
    wait_for_exit(call, a, ENDING, KILL_WAIT_S * PM_NS_PER_S);
}

static void on_answer(void *arg, const void *record, size_t length) {
  struct pm_call *call = arg;
  struct act *a = call->data;
  static const struct pm_hold_kill_reply none = {.error = EPIPE};
  const struct pm_hold_kill_reply *k = record;
  bool whole = length == sizeof *k && k->schema == PM_HOLD_SCHEMA;
  a->action = NULL;
  pm_call_wake(call, PM_WAKE_ANSWER);
  if (!whole)
    k = &none;
  if (a->phase == SENDING)
    on_first_answer(call, a, k);
  else if (a->phase == ESCALATING)
    on_kill_answer(call, a, k);
  else if (k->error == ESRCH)
    end_exited(call, a);
}

static void escalate(struct pm_call *call, struct act *a) {
  struct pm_err err = PM_ERR_INIT;
  int status = send_signal(call, a, SIGKILL, &err);
  if (status == 0) {
    a->phase = ESCALATING;
  } else if (status == -EAGAIN) {
    pm_call_wait_until(call, call->context->now.mono + PM_NS_PER_S / 5);
  } else {
    pm_fail(&call->failure, PM_CODE_INTERNAL, "%s", err.text);
    finish(call, a);
  }
}

static void step(struct pm_call *call) {
  struct act *a = call->data;
  if (a->phase == VERIFYING)
    verify(call, a);
  else if (a->phase == QUEUED)
    send_queued(call, a);
  if (a->phase != WAITING && a->phase != ENDING)
    return;
  if (has_ended(a))
    end_exited(call, a);
  else if (call->context->now.mono < a->until)
    poll_again(call, a);
  else if (a->action)
    pm_call_wait_until(call, call->context->now.mono + PM_NS_PER_S / 20);
  else if (a->phase == WAITING)
    escalate(call, a);
  else
    finish(call, a);
}

/* ---- the method ---- */

static int find_job_process(struct pm_call *call, struct act *a,
                            const struct pm_json *params,
                            struct pm_detail *ret) {
  const struct pm_jobs_entry *e = pm_job_lookup_now(call, params);
  if (!e || pm_job_identity(call, &e->job, &a->record.as) < 0)
    return -1;
  const struct pm_job_state_record *s = &e->job.state;
  if (s->pid <= 0 || pm_job_has_ended(&e->job))
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "the job %s has no process now: it is %s", e->job.id,
                   pm_job_state_word(&e->job));
  a->record.pid = s->pid;
  *ret = (struct pm_detail){.birth = s->birth};
  return 0;
}

static int find_process(struct pm_call *call, struct act *a,
                        const struct pm_json *params, struct pm_detail *ret) {
  if (pm_param_find(params, "job_id"))
    return find_job_process(call, a, params, ret);
  if (pm_lookup_process(call, a->record.pid, a->record.birth, 0, ret) < 0)
    return -1;
  return pm_lookup_identity(call, ret->uids[PM_ID_REAL], ret->gids[PM_ID_REAL],
                            &a->record.as);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct act *a = call->data;
  struct pm_detail detail;
  a->pidfd = -1;
  take_parameters(call, a, params);
  if (take_scope(call, a, params) < 0)
    return -1;
  if (find_process(call, a, params, &detail) < 0) {
    audit(call, a, pm_codes[call->failure.code].word);
    return -1;
  }
  a->record.birth = detail.birth;
  pm_call_wait(call, PM_WAKE_ANSWER);
  open_pidfd(a);
  if (detail.slow)
    begin_verifying(call, a);
  else
    send_first(call, a);
  return call->failure.code ? -1 : 0;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct act *a = call->data;
  char name[PM_SIGNAL_NAME];
  if (a->phase != OVER)
    return PM_PROGRESS_WAIT;
  pm_signal_name(a->signal, name);
  pm_reply_open(out, &call->id);
  pm_json_key(out, "signalled");
  pm_json_object(out);
  pm_json_put_text(out, "signal", name);
  pm_json_put_unsigned(out, "processes", a->signalled);
  if (a->timeout) {
    pm_json_put_boolean(out, "escalated", a->escalated);
  }
  pm_json_object_end(out);
  if (a->timeout) {
    pm_json_put_boolean(out, "exited", a->exited);
  }
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

/* A call is ended before it is over only when collectd stops. */
static void end(struct pm_call *call) {
  struct act *a = call->data;
  if (a->phase == QUEUED || a->phase == WAITING)
    audit(call, a, "collectd_stops");
  pm_action_cancel(a->action);
  if (a->pidfd >= 0)
    close(a->pidfd);
}

const struct pm_method_ops pm_method_kill_process = {
    .state = sizeof(struct act),
    .outlives = true,
    .start = start,
    .step = step,
    .more = more,
    .end = end,
};
