#include "core/cycle/events.h"

#include "core/snapshot/exchange.h"

#include <string.h>
#include <sys/wait.h>

/* CLOCK_REALTIME of a past instant of CLOCK_BOOTTIME. */
static uint64_t real_at(const struct pm_cycle *c, uint64_t boot_ns) {
  uint64_t ago = c->turn.now.boot > boot_ns ? c->turn.now.boot - boot_ns : 0;
  return c->turn.now.real - ago;
}

static struct pm_exchange_event
event_of_entry(const struct pm_entry *e, enum pm_exchange_event_kind kind) {
  struct pm_exchange_event event = {
      .kind = kind,
      .pid = e->pid,
      .birth = e->birth,
      .uid = e->uid,
      .ptrace_gid = e->ptrace_gid,
      .uid_known = e->flags & PM_ENTRY_OWNER,
  };
  memcpy(event.comm, e->comm, sizeof event.comm);
  pm_group_name(e->group, event.group);
  return event;
}

static void report_event(struct pm_cycle *c,
                         const struct pm_exchange_event *event) {
  c->events.report(c->events.arg, event);
}

void pm_events_start(struct pm_cycle *c, const struct pm_entry *e) {
  if (!c->events.report)
    return;
  struct pm_exchange_event event = event_of_entry(e, PM_EXCHANGE_START);
  event.real_ns = real_at(c, e->birth * c->root.units.tick_ns);
  report_event(c, &event);
}

void pm_events_exit(struct pm_cycle *c, const struct pm_entry *e,
                    const struct pm_task *last, uint64_t end_ns) {
  if (!c->events.report)
    return;
  struct pm_exchange_event event = event_of_entry(e, PM_EXCHANGE_EXIT);
  event.real_ns = real_at(c, end_ns);
  event.status_known = true;
  event.status = last->status;
  memcpy(event.comm, last->comm, sizeof event.comm);
  if (last->flags & PM_TASK_OWNER) {
    event.uid = last->uid;
    event.ptrace_gid = last->ptrace_gid;
    event.uid_known = true;
  }
  report_event(c, &event);
  if (!(last->flags & PM_TASK_OOM) || !WIFSIGNALED(last->status))
    return;
  event.kind = PM_EXCHANGE_OOM;
  report_event(c, &event);
}

void pm_events_vanished(struct pm_cycle *c, const struct pm_entry *e) {
  if (!c->events.report)
    return;
  struct pm_exchange_event event = event_of_entry(e, PM_EXCHANGE_EXIT);
  event.real_ns = c->turn.now.real;
  report_event(c, &event);
}
