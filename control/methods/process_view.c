#include "methods/process_view.h"

#include <math.h>

/* ---- a process that no turn has seen ---- */

static uint8_t have_of(const struct pm_task *t) {
  static const struct {
    enum pm_field field;
    uint8_t bit;
  } bits[] = {{PM_F_cpu_user, PM_SNAPSHOT_CPU},
              {PM_F_rss, PM_SNAPSHOT_RSS},
              {PM_F_vsize, PM_SNAPSHOT_VSIZE},
              {PM_F_threads, PM_SNAPSHOT_THREADS}};
  uint8_t have = t->flags & PM_TASK_KERNEL ? PM_SNAPSHOT_KERNEL : 0;
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
    have |= t->have & PM_BIT(bits[i].field) ? bits[i].bit : 0;
  return have;
}

static void make_row(struct pm_process_view *view, uint64_t tick_ns,
                     struct pm_now now) {
  const struct pm_task *t = &view->detail.stat;
  uint64_t born = t->birth * tick_ns;
  uint64_t cpu = t->v[PM_F_cpu_user] + t->v[PM_F_cpu_system];
  view->row = (struct pm_snapshot_process){
      .birth = t->birth,
      .cpu_ns = cpu,
      .rss = t->v[PM_F_rss],
      .vsize = t->v[PM_F_vsize],
      .cores = now.boot > born ? (double)cpu / (double)(now.boot - born)
                               : (double)NAN,
      .name = t->comm,
      .command = t->flags & PM_TASK_KERNEL ? "" : NULL,
      .pid = t->pid,
      .ppid = t->ppid,
      .threads = (uint32_t)t->v[PM_F_threads],
      .group = UINT32_MAX,
      .state = t->state,
      .have = have_of(t),
  };
  view->fresh = true;
  if (!(view->detail.got & PM_WANT_IDS))
    return;
  view->row.uid = view->detail.uid;
  view->row.have |= PM_SNAPSHOT_UID;
}

/* No turn has seen it: what a turn would have read of it is read now.  Its
 * group is known once one has. */
static void make_fresh(struct pm_call *call, struct pm_process_view *view) {
  struct pm_context *o = call->context;
  const struct pm_detail *read;
  make_row(view, o->root.units.tick_ns, o->now);
  if (view->row.command ||
      pm_context_read(o, view->row.pid, view->row.birth, PM_WANT_CMDLINE,
                      &read) < 0 ||
      !(read->got & PM_WANT_CMDLINE))
    return;
  pm_parse_cmdline(read->cmdline, read->cmdline_length, view->command,
                   sizeof view->command);
  view->row.command = view->command;
}

int pm_process_view_choose(struct pm_call *call, int32_t pid,
                           struct pm_process_view *view) {
  const struct pm_snapshot_process *row = NULL;
  if (call->snapshot)
    row = pm_snapshot_find(call->snapshot, pid, view->detail.birth);
  if (row)
    view->row = *row;
  else if (view->detail.slow)
    return pm_fail(&call->failure, PM_CODE_TIMED_OUT,
                   "process %d blocks whoever reads it; try again in a moment",
                   pid);
  else
    make_fresh(call, view);
  return 0;
}

/* The number of stat, and so of a row that is made of it, is approximate. */
void pm_process_view_correct(const struct pm_call *call,
                             struct pm_process_view *view) {
  const struct pm_task *t = &view->detail.numbers;
  bool exact = !view->fresh && call->snapshot->exact_rss;
  if (exact || !(t->have & PM_BIT(PM_F_rss)))
    return;
  view->row.rss = t->v[PM_F_rss];
  view->row.have |= PM_SNAPSHOT_RSS;
}

/* A row that was read now is shown as if the snapshot were of now. */
struct pm_snapshot pm_process_view_frame(const struct pm_call *call,
                                         const struct pm_process_view *view) {
  struct pm_snapshot frame = {.tick_ns = call->context->root.units.tick_ns};
  if (call->snapshot)
    frame = *call->snapshot;
  if (view->fresh)
    frame.now = call->context->now;
  return frame;
}
