#include "methods/start_check.h"

#include "jobs/log_quota.h"
#include "methods/job.h"

#include <inttypes.h>
#include <string.h>

static bool is_his(const struct pm_call *call, const struct pm_jobs_entry *e) {
  return pm_jobs_entry_stays(e) && e->job.starter_uid == call->peer->uid;
}

/* The next start of the same user, behind c, that is under way: it counts as if
 * it were a job. */
static const struct pm_start *next_pending(const struct pm_call *call,
                                           const struct pm_call **c) {
  while ((*c = *c ? (*c)->next_acting : call->context->acting)) {
    const struct pm_start *s = (*c)->data;
    if (*c != call && (*c)->ops == call->ops && s->phase != PM_START_OVER &&
        (*c)->peer->uid == call->peer->uid)
      return s;
  }
  return NULL;
}

/* The id of one that has that name: "", that of a start. */
static const char *find_name(const struct pm_call *call, const char *name) {
  const struct pm_call *c = NULL;
  const struct pm_start *s;
  for (const struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next)
    if (is_his(call, e) && !pm_job_has_ended(&e->job) &&
        strcmp(e->job.name, name) == 0)
      return e->job.id;
  while ((s = next_pending(call, &c)))
    if (strcmp(s->name, name) == 0)
      return s->id;
  return NULL;
}

int pm_start_choose_name(struct pm_call *call, struct pm_start *s) {
  enum { TRIES = 1000 };
  const char *other = s->named ? find_name(call, s->name) : NULL;
  if (other)
    return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                   "you have a job %s already that has not ended: its id is "
                   "%s; stop it, or choose another name",
                   s->name, other);
  for (unsigned i = 1; !s->named && i < TRIES; i++) {
    pm_job_name_of(s->command, i, s->name);
    if (!find_name(call, s->name))
      break;
  }
  return 0;
}

struct pm_jobs_entry *pm_start_find_key(const struct pm_call *call,
                                        const char *key) {
  for (struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next)
    if (*key && is_his(call, e) && strcmp(e->job.key, key) == 0)
      return e;
  return NULL;
}

bool pm_start_is_key_pending(const struct pm_call *call, const char *key) {
  const struct pm_call *c = NULL;
  const struct pm_start *s;
  while (*key && (s = next_pending(call, &c)))
    if (s->phase == PM_START_ASKED && strcmp(s->key, key) == 0)
      return true;
  return false;
}

/* Of those that are counted, the one that ended first. */
struct places {
  uint32_t count;
  struct pm_jobs_entry *oldest;
};

static void count_one(struct places *p, struct pm_jobs_entry *e) {
  p->count++;
  if (pm_job_is_over(&e->job) &&
      (!p->oldest ||
       e->job.state.started_at_ns < p->oldest->job.state.started_at_ns))
    p->oldest = e;
}

/* Of him, or of all. */
static struct places count_jobs(const struct pm_call *call, bool his) {
  struct places p = {0};
  const struct pm_call *c = NULL;
  for (struct pm_jobs_entry *e = pm_jobs_first(call->context->jobs); e;
       e = e->next)
    if (his ? is_his(call, e) : !e->gone && !e->remove)
      count_one(&p, e);
  while (next_pending(call, &c))
    p.count++;
  return p;
}

/* Jobs that have ended will make room for a new one. */
static int check_room(struct pm_call *call, bool his, uint32_t most,
                      const char *option) {
  struct places p = count_jobs(call, his);
  if (p.count < most || p.oldest)
    return 0;
  return pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
                 "%u jobs are kept already, and none has ended: %s", most,
                 option);
}

static struct pm_allow_limits limits_of(struct pm_call *call) {
  const struct pm_environment *environment = call->context->environment;
  struct pm_allow_limits usual = {.jobs = environment->jobs->most_of_user,
                                  .log_bytes = environment->jobs->log_bytes};
  struct pm_subject subject = pm_job_subject(call);
  return pm_allow_limits(&environment->options->allow, &subject, usual);
}

static uint32_t most_of(struct pm_call *call) { return limits_of(call).jobs; }

uint64_t pm_start_log_bytes(struct pm_call *call) {
  return limits_of(call).log_bytes;
}

/* Those of jobs that are over make room by themselves. */
static int check_logs(struct pm_call *call) {
  uint64_t most = call->context->environment->jobs->log_bytes_of_user;
  uint64_t held = pm_job_log_quota_held(pm_jobs_first(call->context->jobs),
                                        call->peer->uid);
  if (held < most)
    return 0;
  return pm_fail(&call->failure, PM_CODE_LIMIT_EXCEEDED,
                 "the logs of your jobs that run hold %" PRIu64
                 " bytes, of %" PRIu64 ": LogPerUserBytes",
                 held, most);
}

/* What root starts is not what one user's mistake does. */
int pm_start_check_places(struct pm_call *call) {
  const struct pm_jobs_options *o = call->context->environment->jobs;
  if (call->peer->uid != 0 && (check_room(call, true, most_of(call),
                                          "MaxJobsPerUser, or MaxJobs of "
                                          "an <Allow>") < 0 ||
                               check_logs(call) < 0))
    return -1;
  return check_room(call, false, o->most, "MaxJobs");
}

/* It runs: the oldest that have ended go, and their logs, if it was one too
 * many. */
void pm_start_make_room(struct pm_call *call) {
  const struct pm_jobs_options *o = call->context->environment->jobs;
  struct places his = count_jobs(call, true);
  if (call->peer->uid != 0 && his.count > most_of(call) && his.oldest)
    pm_jobs_remove(his.oldest);
  struct places all = count_jobs(call, false);
  if (all.count > o->most && all.oldest)
    pm_jobs_remove(all.oldest);
}
