#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"
#include "collectd/core/utils/common/common.h"

#include "notify.h"

#include <ctype.h>
#include <sys/wait.h>

#define MINUTE_NS (60 * PM_NS_PER_S)

/* The notifications of one group in the current minute. */
struct budget {
  uint64_t since; /* mono */
  uint32_t sent, suppressed;
};

struct pm_notifier {
  const struct pm_select_options *rules;
  struct budget budgets[]; /* one a rule */
};

struct pm_notifier *pm_notify_new(const struct pm_select_options *rules) {
  struct pm_notifier *n =
      calloc(1, sizeof *n + rules->rule_count * sizeof *n->budgets);
  if (n)
    n->rules = rules;
  return n;
}

void pm_notify_free(struct pm_notifier *n) { free(n); }

static void dispatch(int severity, const char *group, const char *event,
                     const char *message) {
  notification_t n = {.severity = severity, .time = cdtime()};
  sstrncpy(n.host, hostname_g, sizeof n.host);
  sstrncpy(n.plugin, "procman", sizeof n.plugin);
  sstrncpy(n.plugin_instance, group, sizeof n.plugin_instance);
  sstrncpy(n.type, "total_events", sizeof n.type);
  sstrncpy(n.type_instance, event, sizeof n.type_instance);
  sstrncpy(n.message, message, sizeof n.message);
  plugin_dispatch_notification(&n);
}

/* ---- messages ---- */

/* Any user can choose the name of a process, so only printable characters are
 * passed on. */
static void clean_comm(const char *comm, char ret[PM_COMM]) {
  size_t i = 0;
  for (; i < PM_COMM - 1 && comm[i]; i++)
    ret[i] = isprint((unsigned char)comm[i]) ? comm[i] : '?';
  ret[i] = '\0';
}

static void format_exit(const struct pm_exit *e, char *ret, size_t size) {
  if (!WIFSIGNALED(e->status)) {
    snprintf(ret, size, "ended with status %d", WEXITSTATUS(e->status));
    return;
  }
  int number = WTERMSIG(e->status);
  const char *name = sigabbrev_np(number);
  char digits[16];
  snprintf(digits, sizeof digits, "%d", number);
  snprintf(ret, size, "was killed by signal %s%s%s", name ? "SIG" : "",
           name ? name : digits,
           e->oom                 ? ", because memory ran out"
           : WCOREDUMP(e->status) ? ", and dumped core"
                                  : "");
}

static void notify_exit(const struct pm_exit *e) {
  bool signal = WIFSIGNALED(e->status);
  char comm[PM_COMM], end[96], peak[48] = "", message[NOTIF_MAX_MSG_LEN];
  clean_comm(e->comm, comm);
  format_exit(e, end, sizeof end);
  if (e->maxrss_bytes)
    snprintf(peak, sizeof peak, " and at most %.1f MiB",
             (double)e->maxrss_bytes / 1048576);
  snprintf(message, sizeof message,
           "%s[%d] %s after %.1f s; it used %.3f s of CPU%s", comm, e->pid, end,
           (double)e->lived_ns / 1e9, (double)e->cpu_ns / 1e9, peak);
  dispatch(signal ? NOTIF_FAILURE : NOTIF_WARNING, e->group,
           e->oom   ? "oom"
           : signal ? "exit_signal"
                    : "exit_error",
           message);
}

/* ---- the limit ---- */

static void notify_suppressed(const char *group, struct budget *b) {
  char message[NOTIF_MAX_MSG_LEN];
  if (b->suppressed == 0)
    return;
  snprintf(message, sizeof message,
           "%u more processes ended with an error or by a signal within a "
           "minute",
           b->suppressed);
  dispatch(NOTIF_WARNING, group, "exit_error", message);
}

void pm_notify_tick(struct pm_notifier *n, struct pm_now now) {
  for (size_t i = 0; i < n->rules->rule_count; i++) {
    struct budget *b = &n->budgets[i];
    if (now.mono - b->since < MINUTE_NS)
      continue;
    notify_suppressed(n->rules->rules[i].name, b);
    *b = (struct budget){.since = now.mono};
  }
}

void pm_notify_exit(struct pm_notifier *n, const struct pm_exit *exit) {
  struct budget *b = &n->budgets[exit->rule];
  if (b->sent == PM_NOTIFY_MINUTE) {
    b->suppressed++;
    return;
  }
  b->sent++;
  notify_exit(exit);
}
