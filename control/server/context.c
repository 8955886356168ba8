#include "server/context.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Has collectd CAP_SETUID and CAP_SETGID? */
static bool can_become(void) {
  struct __user_cap_header_struct header = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0)
    return false;
  uint32_t needed = UINT32_C(1) << CAP_SETUID | UINT32_C(1) << CAP_SETGID;
  return (data[0].effective & needed) == needed;
}

int pm_context_open(struct pm_context *c, const struct pm_environment *e,
                    const struct pm_method_ops *const *methods,
                    struct pm_loop *loop, struct pm_err *err) {
  *c = (struct pm_context){
      .environment = e,
      .methods = methods,
      .can_become = can_become(),
      .actions = {.path = e->helper, .proc_path = e->proc_path, .loop = loop},
      .sources = {.path = e->helper, .proc_path = e->proc_path, .loop = loop},
  };
  int status = pm_root_open(&c->root, e->proc_path, e->sys_path, err);
  if (status < 0) {
    c->environment = NULL;
    return status;
  }
  c->reader = pm_reader_new(e->helper, &c->root, &c->budget);
  if (!c->reader) {
    pm_root_close(&c->root);
    c->environment = NULL;
    return pm_err_set(err, ENOMEM, "make room for the reader");
  }
  pm_host_stats_init(&c->host_stats, &c->root);
  c->visibility.root = &c->root;
  c->audit.log = e->log;
  c->audit.rate_limits = &c->rate_limits;
  return 0;
}

void pm_context_close(struct pm_context *c) {
  if (!c->environment)
    return;
  pm_action_done(&c->actions);
  pm_source_done(&c->sources);
  pm_reader_free(c->reader);
  pm_host_stats_done(&c->host_stats);
  pm_visibility_done(&c->visibility);
  pm_root_close(&c->root);
  c->environment = NULL;
}

struct pm_exchange *pm_context_exchange(const struct pm_context *c) {
  return c->environment->exchange;
}

struct pm_snapshot *pm_context_latest(const struct pm_context *c) {
  struct pm_exchange *exchange = pm_context_exchange(c);
  pm_exchange_request_turns(exchange,
                            c->now.mono + PM_CONTEXT_WATCH_S * PM_NS_PER_S);
  return pm_exchange_latest(exchange);
}

int pm_context_read(struct pm_context *c, int32_t pid, uint64_t birth,
                    unsigned want, const struct pm_detail **ret) {
  if (c->now.mono >= c->budget_until) {
    c->budget.left_ns = PM_CONTEXT_READ_MS * PM_NS_PER_S / 1000;
    c->budget_until = c->now.mono + PM_NS_PER_S;
  }
  return pm_reader_read_one(c->reader, c->now, pid, birth, want, ret);
}

void pm_context_confinement(struct pm_context *c, const struct pm_peer *peer,
                            struct pm_confinement *ret) {
  const struct pm_detail *read = NULL;
  const char *label = NULL;
  if (peer->label_by_proc && peer->pid > 0 &&
      pm_context_read(c, peer->pid, 0, PM_WANT_LABEL, &read) == 0 &&
      read->got & PM_WANT_LABEL)
    label = read->label;
  pm_peer_confinement(peer, label, ret);
}

const struct pm_method_ops *pm_context_ops(const struct pm_context *c,
                                           const struct pm_method *method) {
  return c->methods[method - pm_methods];
}
