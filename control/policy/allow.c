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

/* What everybody may do who can open the socket: read, and signal and read logs
 * as themselves, which the kernel decides anyway. */
static bool is_default(enum pm_method_id method) {
  return pm_methods[method].level != PM_LEVEL_ACT ||
         method == PM_METHOD_kill_process || method == PM_METHOD_get_logs;
}

enum pm_verdict pm_allow_call(const struct pm_allow_options *options,
                              const struct pm_subject *s,
                              enum pm_method_id method) {
  bool free = !s->sandboxed || pm_methods[method].level != PM_LEVEL_ACT;
  bool granted = is_default(method);
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
  if (uid == s->uid && is_default(method) && !s->sandboxed)
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
