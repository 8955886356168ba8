#include "methods/job.h"

#include "server/reply.h"

#include "base/copy.h"
#include "wire/signal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_NS (PM_NS_PER_S / 100)

int pm_job_word_take(struct pm_call *call, const struct pm_json *params,
                     struct pm_job_word *ret) {
  const char *text = pm_param_text(params, "job_id", "");
  if (!pm_job_is_name(text))
    return pm_fail(&call->failure, PM_CODE_NOT_FOUND,
                   "there is no job %.64s: an id or a name has letters, digits "
                   "and \"_.@+-\", and not digits only",
                   text);
  pm_copy_text(ret->text, sizeof ret->text, text);
  return 0;
}

int pm_job_are_known(struct pm_call *call) {
  const struct pm_context *o = call->context;
  if (!o->jobs)
    return pm_fail(&call->failure, PM_CODE_UNSUPPORTED,
                   "there are no jobs here: %.250s", o->no_jobs);
  if (pm_jobs_are_known(o->jobs))
    return 1;
  pm_call_wait_until(call, o->now.mono + AGAIN_NS);
  return 0;
}

/* ---- whose ---- */

struct pm_job_owners pm_job_owners_of(const struct pm_job *job) {
  return (struct pm_job_owners){.starter = job->starter_uid, .uid = job->uid};
}

struct pm_subject pm_job_subject(struct pm_call *call) {
  struct pm_confinement confinement;
  pm_context_confinement(call->context, call->peer, &confinement);
  return pm_peer_subject(call->peer, confinement.why[0] != '\0');
}

bool pm_job_is_shown(const struct pm_call *call, const struct pm_subject *s,
                     const struct pm_jobs_entry *e) {
  struct pm_job_owners owners = pm_job_owners_of(&e->job);
  return !e->gone && !e->remove && !pm_job_is_removed(&e->job) &&
         pm_allow_see_job(&call->context->environment->options->allow, s,
                          &owners);
}

/* ---- which ---- */

struct search {
  struct pm_jobs_entry *found;
  unsigned alive; /* of that name */
};

/* The latest comes first in the list of those that this collectd has started;
 * of those that it found, nobody knows the order but by their time. */
static bool is_better(const struct pm_jobs_entry *e,
                      const struct pm_jobs_entry *than) {
  bool ended = pm_job_has_ended(&e->job), other = pm_job_has_ended(&than->job);
  if (ended != other)
    return other;
  return e->job.state.started_at_ns > than->job.state.started_at_ns;
}

static void look_at(struct search *s, struct pm_jobs_entry *e) {
  s->alive += !pm_job_has_ended(&e->job);
  if (!s->found || is_better(e, s->found))
    s->found = e;
}

static struct pm_jobs_entry *
find(struct pm_call *call, const struct pm_subject *subject, const char *text) {
  struct search s = {NULL, 0};
  for (struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next) {
    if (!pm_job_is_shown(call, subject, e))
      continue;
    if (strcmp(e->job.id, text) == 0)
      return e;
    if (strcmp(e->job.name, text) == 0)
      look_at(&s, e);
  }
  if (s.alive > 1)
    pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
            "%u jobs that you may see are called %s: say which by its id, as "
            "list_jobs shows it",
            s.alive, text);
  else if (!s.found)
    pm_fail(&call->failure, PM_CODE_NOT_FOUND,
            "there is no job %s that you may see", text);
  return s.alive > 1 ? NULL : s.found;
}

struct pm_jobs_entry *pm_job_lookup(struct pm_call *call,
                                    const struct pm_job_word *word) {
  struct pm_subject subject = pm_job_subject(call);
  struct pm_jobs_entry *e = find(call, &subject, word->text);
  if (!e)
    return NULL;
  struct pm_job_owners owners = pm_job_owners_of(&e->job);
  if (pm_allow_job(&call->context->environment->options->allow, &subject,
                   (enum pm_method_id)(call->method - pm_methods), &owners))
    return e;
  pm_fail(&call->failure, PM_CODE_PERMISSION_DENIED,
          "the job %s is of uid %u: %s needs an <Allow> with RunAs for it",
          e->job.id, e->job.uid, call->method->name);
  return NULL;
}

struct pm_jobs_entry *pm_job_lookup_now(struct pm_call *call,
                                        const struct pm_json *params) {
  struct pm_job_word word;
  if (pm_job_word_take(call, params, &word) < 0)
    return NULL;
  int known = pm_job_are_known(call);
  if (known == 0)
    pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
            "the jobs of before are still being read; try again in a moment");
  return known > 0 ? pm_job_lookup(call, &word) : NULL;
}

int pm_job_identity(struct pm_call *call, const struct pm_job *job,
                    struct pm_hold_identity *ret) {
  struct pm_peer_caps caps;
  *ret = (struct pm_hold_identity){.uid = job->uid, .gid = job->gid};
  if (job->uid == 0 && call->peer->uid == 0) {
    pm_peer_caps(call->peer, &caps);
    ret->capabilities = caps.effective;
  }
  if (job->uid == geteuid() || call->context->can_become)
    return 0;
  return pm_fail(&call->failure, PM_CODE_UNSUPPORTED,
                 "collectd lacks CAP_SETUID and CAP_SETGID, so it can act for "
                 "uid %u only",
                 geteuid());
}

/* ---- how it is shown ---- */

static void put_seconds(struct pm_json_out *out, const char *key, uint64_t ns) {
  pm_json_key(out, key);
  pm_json_real(out, pm_seconds(ns), 3);
}

static void put_not_started(struct pm_json_out *out,
                            const struct pm_job_exit_record *x) {
  pm_json_put_boolean(out, "not_started", true);
  pm_json_put_text(out, "stage", pm_job_stage_word(x->stage));
  pm_json_put_text(out, "errno", strerrorname_np(x->error));
}

static void put_how(struct pm_json_out *out,
                    const struct pm_job_exit_record *x) {
  char name[PM_SIGNAL_NAME];
  if (x->how == PM_JOB_CODE) {
    pm_json_key(out, "code");
    pm_json_integer(out, x->code);
  } else if (x->how == PM_JOB_SIGNAL) {
    pm_signal_name(x->signal, name);
    pm_json_put_text(out, "signal", name);
    pm_json_put_boolean(out, "core", x->core);
  } else if (x->how == PM_JOB_NOT_STARTED) {
    put_not_started(out, x);
  } else {
    pm_json_put_boolean(out, "unknown", true);
  }
  if (x->oom)
    pm_json_put_boolean(out, "oom", true);
}

static void put_exit(struct pm_json_out *out,
                     const struct pm_job_exit_record *x) {
  pm_json_key(out, "exit");
  if (x->how == PM_JOB_NOT_ENDED) {
    pm_json_null(out);
    return;
  }
  pm_json_object(out);
  put_how(out, x);
  if (x->has & PM_JOB_HAS_USAGE) {
    put_seconds(out, "cpu_seconds", x->cpu_user_ns + x->cpu_system_ns);
    pm_json_put_unsigned(out, "max_rss", x->max_rss_bytes);
  }
  put_seconds(out, "started_at", x->started_at_ns);
  if (x->has & PM_JOB_HAS_ENDED_AT)
    put_seconds(out, "ended_at", x->ended_at_ns);
  pm_json_object_end(out);
}

static void put_log(struct pm_json_out *out,
                    const struct pm_job_state_record *s) {
  struct pm_job_stream sum = {0};
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    sum.segments += s->stream[i].segments;
    sum.bytes += s->stream[i].bytes;
    sum.dropped_bytes += s->stream[i].dropped_bytes;
    sum.blocked_ns += s->stream[i].blocked_ns;
    if (s->stream[i].error)
      sum.error = s->stream[i].error;
  }
  pm_json_key(out, "log");
  pm_json_object(out);
  pm_json_put_unsigned(out, "segments", sum.segments);
  pm_json_put_unsigned(out, "bytes", sum.bytes);
  pm_json_put_unsigned(out, "dropped", sum.dropped_bytes);
  put_seconds(out, "blocked_seconds", sum.blocked_ns);
  if (sum.error)
    pm_json_put_text(out, "error", strerrorname_np(sum.error));
  pm_json_object_end(out);
}

/* Which it will be, while a deadline of its holder stands. */
static void put_next(struct pm_json_out *out,
                     const struct pm_job_state_record *s, struct pm_now now) {
  if (s->state != PM_JOB_BACKING_OFF)
    return;
  uint64_t wait = s->deadline > now.boot ? s->deadline - now.boot : 0;
  put_seconds(out, "next_start_at", now.real + wait);
}

static void put_process(struct pm_json_out *out, const struct pm_job *job) {
  const struct pm_job_state_record *s = &job->state;
  pm_json_key(out, "pid");
  if (s->pid > 0 && !pm_job_has_ended(job))
    pm_json_integer(out, s->pid);
  else
    pm_json_null(out);
  pm_json_key(out, "start_time");
  if (s->pid > 0 && !pm_job_has_ended(job))
    pm_json_unsigned(out, s->birth);
  else
    pm_json_null(out);
  if (s->started_at_ns)
    put_seconds(out, "started_at", s->started_at_ns);
}

static void put_reason(struct pm_json_out *out,
                       const struct pm_job_state_record *s) {
  static const char *const words[] = {[PM_JOB_FINISHED] = "finished",
                                      [PM_JOB_STOPPED] = "stopped",
                                      [PM_JOB_GAVE_UP] = "gave_up"};
  if (s->reason && s->reason < sizeof words / sizeof *words)
    pm_json_put_text(out, "reason", words[s->reason]);
}

void pm_job_put(struct pm_json_out *out, const struct pm_jobs_entry *e,
                struct pm_now now) {
  const struct pm_job *job = &e->job;
  pm_json_object(out);
  pm_json_put_text(out, "job_id", job->id);
  pm_json_put_text(out, "name", job->name);
  pm_json_put_text(out, "user", job->user);
  pm_json_put_unsigned(out, "started_by_uid", job->starter_uid);
  pm_json_put_text(out, "command", job->command);
  pm_json_put_text(out, "state", pm_job_state_word(job));
  put_reason(out, &job->state);
  put_process(out, job);
  pm_json_put_boolean(out, "survives_restart", e->survives);
  pm_json_put_text(out, "restart", pm_job_policy_word(job->policy));
  pm_json_put_unsigned(out, "restarts", job->state.restarts);
  put_next(out, &job->state, now);
  put_exit(out, &job->exit);
  put_log(out, &job->state);
  pm_json_object_end(out);
}

enum pm_progress pm_job_answer(struct pm_call *call, struct pm_json_out *out,
                               const struct pm_jobs_entry *e) {
  pm_reply_open(out, &call->id);
  pm_json_key(out, "job");
  pm_job_put(out, e, call->context->now);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}
