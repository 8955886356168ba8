#include "policy/allow.h"

#include <linux/capability.h>

static bool has(const uint32_t *list, size_t count, uint32_t id) {
  for (size_t i = 0; i < count; i++)
    if (list[i] == id)
      return true;
  return false;
}

static bool applies(const struct pm_allow_rule *rule,
                    const struct pm_subject *s) {
  if (has(rule->users, rule->user_count, s->uid) ||
      has(rule->groups, rule->group_count, s->gid))
    return true;
  for (size_t i = 0; i < s->group_count; i++)
    if (has(rule->groups, rule->group_count, s->groups[i]))
      return true;
  return false;
}

/* What everybody may do who can open the socket: read, and as themselves signal
 * and read logs, which the kernel decides anyway, and end jobs of their own.
 * To start one is root's: it goes on without a login. */
static bool is_default(const struct pm_subject *s, enum pm_method_id method) {
  return pm_methods[method].level != PM_LEVEL_ACT || s->admin ||
         method != PM_METHOD_start_process;
}

enum pm_verdict pm_allow_call(const struct pm_allow_options *options,
                              const struct pm_subject *s,
                              enum pm_method_id method) {
  bool free = !s->sandboxed || pm_methods[method].level != PM_LEVEL_ACT;
  bool granted = is_default(s, method);
  if (granted && free)
    return PM_ALLOW_YES;
  for (size_t i = 0; i < options->count; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (!rule->method[method] || !applies(rule, s))
      continue;
    if (free || rule->sandboxed)
      return PM_ALLOW_YES;
    granted = true;
  }
  return granted ? PM_ALLOW_SANDBOX : PM_ALLOW_NO;
}

bool pm_allow_as(const struct pm_allow_options *options,
                 const struct pm_subject *s, enum pm_method_id method,
                 uint32_t uid) {
  if (uid == s->uid && is_default(s, method) && !s->sandboxed)
    return true;
  for (size_t i = 0; i < options->count; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (!rule->method[method] || !applies(rule, s) ||
        (s->sandboxed && !rule->sandboxed))
      continue;
    if (has(rule->run_as, rule->run_as_count, uid) ||
        (rule->as_self && uid == s->uid))
      return true;
  }
  return false;
}

size_t pm_allow_users(const struct pm_allow_options *options,
                      const struct pm_subject *s, enum pm_method_id method,
                      uint32_t *ret, size_t room) {
  size_t n = 0;
  for (size_t i = 0; i < options->count; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (!rule->method[method] || !applies(rule, s) ||
        (s->sandboxed && !rule->sandboxed))
      continue;
    for (size_t j = 0; j < rule->run_as_count && n < room; j++)
      ret[n++] = rule->run_as[j];
  }
  return n;
}

static uint64_t higher(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* One that says nothing is as generous as it is to everybody. */
struct pm_allow_limits pm_allow_limits(const struct pm_allow_options *options,
                                       const struct pm_subject *s,
                                       struct pm_allow_limits usual) {
  struct pm_allow_limits limits = {0};
  for (size_t i = 0; i < options->count && !s->admin; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (!rule->method[PM_METHOD_start_process] || !applies(rule, s) ||
        (s->sandboxed && !rule->sandboxed))
      continue;
    limits.jobs =
        (uint32_t)higher(limits.jobs, rule->jobs ? rule->jobs : usual.jobs);
    limits.log_bytes = higher(
        limits.log_bytes, rule->log_bytes ? rule->log_bytes : usual.log_bytes);
  }
  /* both or none: there was a rule */
  return limits.log_bytes ? limits : usual;
}

/* ---- jobs ---- */

static bool is_owner(const struct pm_subject *s,
                     const struct pm_job_owners *job) {
  return s->admin || s->uid == job->starter || s->uid == job->uid;
}

/* An administrator who lets somebody act as the job's user on jobs or processes
 * lets him know of them. */
bool pm_allow_see_job(const struct pm_allow_options *options,
                      const struct pm_subject *s,
                      const struct pm_job_owners *job) {
  if (is_owner(s, job))
    return true;
  for (size_t i = 0; i < options->count; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (applies(rule, s) && has(rule->run_as, rule->run_as_count, job->uid))
      return true;
  }
  return false;
}

bool pm_allow_job(const struct pm_allow_options *options,
                  const struct pm_subject *s, enum pm_method_id method,
                  const struct pm_job_owners *job) {
  if (pm_methods[method].level != PM_LEVEL_ACT)
    return pm_allow_see_job(options, s, job);
  if (is_owner(s, job) && !s->sandboxed)
    return true;
  for (size_t i = 0; i < options->count; i++) {
    const struct pm_allow_rule *rule = &options->rules[i];
    if (!rule->method[method] || !applies(rule, s) ||
        (s->sandboxed && !rule->sandboxed))
      continue;
    if (has(rule->run_as, rule->run_as_count, job->uid) ||
        (rule->as_self && is_owner(s, job)))
      return true;
  }
  return false;
}

/* As __ptrace_may_access() and cap_ptrace_access_check() of the kernel; of a
 * process that is not dumpable, the files in /proc/PID belong to root. */
bool pm_allow_private(const struct pm_viewer *v, const struct pm_target *t) {
  if (v->capabilities & UINT64_C(1) << CAP_SYS_PTRACE)
    return true;
  for (size_t i = 0; i < PM_ALLOW_IDS; i++)
    if (t->uids[i] != v->uid || t->gids[i] != v->gid)
      return false;
  return t->owner == v->uid && (t->permitted & ~v->capabilities) == 0;
}
