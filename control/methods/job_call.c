#include "methods/job_call.h"

#include "server/reply.h"

#include "base/copy.h"

#include <errno.h>
#include <string.h>

/* How much longer than the job's own timeout a stop may take: KILL, the record
 * of the exit, a holder that has to be replaced. */
enum { STOP_S = 10, MORE_S = 30 };

#define AGAIN_NS (PM_NS_PER_S / 10)

static void audit(struct pm_call *call, const struct pm_job_call *c,
                  const struct pm_job *job, const char *verdict) {
  struct pm_audit_line line = {.peer = call->peer,
                               .method = call->method->name,
                               .verdict = verdict,
                               .as = job ? job->uid : call->peer->uid,
                               .pid = job ? job->state.pid : 0,
                               .start_time = job ? job->state.birth : 0,
                               .what = job ? job->id : NULL,
                               .said = c->word.text};
  if (call->method->level != PM_LEVEL_ACT)
    return;
  if (strcmp(verdict, "done") == 0)
    pm_audit_done(&call->context->audit, &line);
  else
    pm_audit_refused(&call->context->audit, call->context->now, &line);
}

/* ---- the end of it ---- */

static void finish(struct pm_call *call, struct pm_job_call *c) {
  c->done = true;
  pm_jobs_unwait(&c->wait);
  pm_call_wait_none(call);
  pm_call_ready(call);
}

static void fail(struct pm_call *call, struct pm_job_call *c,
                 const struct pm_job *job) {
  audit(call, c, job, pm_codes[call->failure.code].word);
  pm_jobs_unwait(&c->wait);
}

static void time_out(struct pm_call *call, struct pm_job_call *c) {
  struct pm_jobs_entry *e = c->wait.entry;
  pm_fail(&call->failure, PM_CODE_TIMED_OUT, "the job %s is %s", e->job.id,
          pm_job_state_word(&e->job));
  fail(call, c, &e->job);
}

/* ---- what the holder says ---- */

static void changed(void *arg) { pm_call_wake(arg, PM_WAKE_JOB); }

static void ask(struct pm_job_call *c) {
  pm_jobs_ask(&c->wait, c->kind->verb, c->timeout);
}

/* Its holder died, or was busy: asked once more, as nothing that is asked for
 * here does harm twice. */
static void ask_again(struct pm_call *call, struct pm_job_call *c) {
  c->wait.asked = PM_JOB_ASKED_NOTHING;
  pm_call_wait_until(call, call->context->now.mono + AGAIN_NS);
}

/* True: it was refused. */
static bool look_at_answer(struct pm_call *call, struct pm_job_call *c) {
  struct pm_jobs_entry *e = c->wait.entry;
  if (c->wait.asked != PM_JOB_ASKED_ANSWERED || !c->wait.error)
    return false;
  /* one that has ended, but whose descendants can still write, is not over yet:
   * it can be started again then */
  bool later = c->wait.error == ESRCH && c->kind->verb == PM_JOB_ASK_RESTART &&
               !pm_job_is_over(&e->job);
  if (c->wait.error == EPIPE || c->wait.error == EBUSY || later) {
    ask_again(call, c);
    return false;
  }
  if (c->wait.error == ESRCH && pm_job_has_ended(&e->job))
    return false;
  pm_fail(&call->failure, PM_CODE_INTERNAL, "the holder of the job %s: %s",
          e->job.id, strerror(c->wait.error));
  fail(call, c, &e->job);
  return true;
}

static void look(struct pm_call *call, struct pm_job_call *c) {
  struct pm_jobs_entry *e = c->wait.entry;
  if (!e) { /* it was removed */
    finish(call, c);
    return;
  }
  if (look_at_answer(call, c))
    return;
  int done = c->kind->is_done(call, e);
  if (done < 0)
    fail(call, c, &e->job);
  else if (done)
    finish(call, c);
  else if (c->until && call->context->now.mono >= c->until)
    time_out(call, c);
  else if (c->kind->verb && c->wait.asked == PM_JOB_ASKED_NOTHING)
    ask(c);
}

/* ---- the beginning ---- */

static int check_rate(struct pm_call *call) {
  struct pm_context *o = call->context;
  if (call->method->level != PM_LEVEL_ACT ||
      call->peer->user == PM_PEER_USER_ROOT)
    return 0;
  uint64_t wait = pm_rate_limit_wait(&o->rate_limits, call->peer->user,
                                     PM_RATE_LIMIT_ACT, o->now.mono);
  return wait ? pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
                        "too often; try again in %.1f s", pm_seconds(wait))
              : 0;
}

static void set_end(struct pm_call *call, struct pm_job_call *c) {
  uint64_t mono = call->context->now.mono;
  if (c->kind->verb)
    c->until = mono + (c->timeout ? c->timeout : STOP_S * PM_NS_PER_S) +
               MORE_S * PM_NS_PER_S;
  else if (c->timeout)
    c->until = mono + c->timeout;
}

static void begin(struct pm_call *call, struct pm_job_call *c) {
  struct pm_jobs_entry *e = pm_job_lookup(call, &c->word);
  c->begun = true;
  if (!e || check_rate(call) < 0) {
    fail(call, c, e ? &e->job : NULL);
    return;
  }
  int enough = c->kind->before ? c->kind->before(call, e) : 0;
  if (enough < 0) {
    fail(call, c, &e->job);
    return;
  }
  audit(call, c, &e->job, "done");
  pm_copy_text(c->id, sizeof c->id, e->job.id);
  c->attempt = e->job.state.attempt;
  c->wait.changed = changed;
  c->wait.arg = call;
  pm_jobs_wait(e, &c->wait);
  set_end(call, c);
  if (c->until)
    pm_call_wait_until(call, c->until);
  pm_call_wait(call, PM_WAKE_JOB);
  if (enough)
    c->wait.asked = PM_JOB_ASKED_ANSWERED;
  look(call, c);
}

int pm_job_call_start(struct pm_call *call, struct pm_job_call *c,
                      const struct pm_json *params) {
  if (pm_job_word_take(call, params, &c->word) < 0)
    return -1;
  c->timeout = (uint64_t)(pm_param_number(params, "timeout_seconds", 0) *
                          (double)PM_NS_PER_S);
  if (pm_job_are_known(call) > 0)
    begin(call, c);
  return call->failure.code ? -1 : 0;
}

void pm_job_call_step(struct pm_call *call) {
  struct pm_job_call *c = call->data;
  if (c->done)
    return;
  if (!c->begun) {
    if (pm_job_are_known(call) > 0)
      begin(call, c);
    return;
  }
  look(call, c);
  if (!c->done && !call->failure.code && c->until &&
      !pm_call_waits(call, PM_WAKE_TIME))
    pm_call_wait_until(call, c->until);
}

enum pm_progress pm_job_call_more(struct pm_call *call,
                                  struct pm_json_out *out) {
  const struct pm_job_call *c = call->data;
  const struct pm_jobs_entry *e =
      call->context->jobs ? pm_jobs_find(call->context->jobs, c->id) : NULL;
  if (e && !e->gone && !e->remove && !pm_job_is_removed(&e->job))
    return pm_job_answer(call, out, e);
  pm_reply_open(out, &call->id);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

void pm_job_call_end(struct pm_call *call) {
  struct pm_job_call *c = call->data;
  pm_jobs_unwait(&c->wait);
}
