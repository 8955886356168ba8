#include "methods/job.h"

#include "server/reply.h"

#include "base/copy.h"

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
  return pm_jobs_entry_stays(e) &&
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

static bool are_known_now(struct pm_call *call) {
  int known = pm_job_are_known(call);
  if (known == 0)
    pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
            "the jobs of before are still being read; try again in a moment");
  return known > 0;
}

struct pm_jobs_entry *pm_job_lookup_now(struct pm_call *call,
                                        const struct pm_json *params) {
  struct pm_job_word word;
  if (pm_job_word_take(call, params, &word) < 0)
    return NULL;
  return are_known_now(call) ? pm_job_lookup(call, &word) : NULL;
}

struct pm_jobs_entry *pm_job_lookup_shown(struct pm_call *call,
                                          const char *text) {
  if (!are_known_now(call))
    return NULL;
  struct pm_subject subject = pm_job_subject(call);
  return find(call, &subject, text);
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

enum pm_progress pm_job_answer(struct pm_call *call, struct pm_json_out *out,
                               const struct pm_jobs_entry *e) {
  pm_reply_open(out, &call->id);
  pm_json_key(out, "job");
  pm_job_put(out, e, call->context->now);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}
