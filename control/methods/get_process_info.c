#include "methods/lookup.h"
#include "methods/methods.h"
#include "server/call.h"
#include "server/reply.h"
#include "views/fields.h"

#include "core/identity/unit.h"

#include <errno.h>
#include <math.h>

/* From the last snapshot.  A process that is younger is read at once, and so is
 * what only its owner may see. */
struct info {
  struct pm_snapshot_process row;
  struct pm_detail detail;
  bool fresh;        /* the row was read now, it is not the snapshot's */
  bool private;      /* the caller may see what only the owner may */
  char command[256]; /* of a fresh row */
};

static const unsigned public_fields = PM_WANT_STAT | PM_WANT_IDS |
                                      PM_WANT_OWNER | PM_WANT_CGROUP |
                                      PM_WANT_MEMORY;
static const unsigned owner_only =
    PM_WANT_EXE | PM_WANT_CWD | PM_WANT_IO | PM_WANT_FDS;

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

static void make_row(struct info *info, uint64_t tick_ns, struct pm_now now) {
  const struct pm_task *t = &info->detail.stat;
  uint64_t born = t->birth * tick_ns;
  uint64_t cpu = t->v[PM_F_cpu_user] + t->v[PM_F_cpu_system];
  info->row = (struct pm_snapshot_process){
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
  info->fresh = true;
  if (!(info->detail.got & PM_WANT_IDS))
    return;
  info->row.uid = info->detail.uid;
  info->row.have |= PM_SNAPSHOT_UID;
}

/* No turn has seen it: what a turn would have read of it is read now.  Its
 * group is known once one has. */
static void make_fresh(struct pm_call *call, struct info *info) {
  struct pm_context *o = call->context;
  const struct pm_detail *read;
  make_row(info, o->root.units.tick_ns, o->now);
  if (info->row.command ||
      pm_context_read(o, info->row.pid, info->row.birth, PM_WANT_CMDLINE,
                      &read) < 0 ||
      !(read->got & PM_WANT_CMDLINE))
    return;
  pm_parse_cmdline(read->cmdline, read->cmdline_length, info->command,
                   sizeof info->command);
  info->row.command = info->command;
}

static int choose_row(struct pm_call *call, struct info *info, int32_t pid) {
  const struct pm_snapshot_process *row = NULL;
  if (call->snapshot)
    row = pm_snapshot_find(call->snapshot, pid, info->detail.birth);
  if (row)
    info->row = *row;
  else if (info->detail.slow)
    return pm_fail(&call->failure, PM_CODE_TIMED_OUT,
                   "process %d blocks whoever reads it; try again in a moment",
                   pid);
  else
    make_fresh(call, info);
  return 0;
}

/* The number of stat, and so of a row that is made of it, is approximate. */
static void correct_rss(const struct pm_call *call, struct info *info) {
  const struct pm_task *t = &info->detail.numbers;
  bool exact = !info->fresh && call->snapshot->exact_rss;
  if (exact || !(t->have & PM_BIT(PM_F_rss)))
    return;
  info->row.rss = t->v[PM_F_rss];
  info->row.have |= PM_SNAPSHOT_RSS;
}

/* ---- what is only its owner's ---- */

static void read_private(struct pm_call *call, struct info *info) {
  struct pm_context *o = call->context;
  struct pm_visibility_viewer viewer;
  pm_visibility_viewer(&o->visibility, o->now, call->peer, &viewer);
  info->private = pm_visibility_private(&viewer, &info->detail);
  if (!info->private || info->detail.slow)
    return;
  const struct pm_detail *read;
  int status = pm_context_read(o, info->row.pid, info->row.birth,
                               public_fields | owner_only, &read);
  info->detail = *read;
  if (status < 0)
    info->detail.got &= status == -ESRCH ? 0 : PM_WANT_SAFE;
  else /* of the same program as the files; it may have been another before */
    info->private = pm_visibility_private(&viewer, &info->detail);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct info *info = call->data;
  int32_t pid = (int32_t)pm_param_integer(params, "pid", 0);
  uint64_t birth = (uint64_t)pm_param_integer(params, "start_time", 0);
  if (pm_lookup_process(call, pid, birth, public_fields, &info->detail) < 0)
    return -1;
  call->snapshot = pm_context_latest(call->context);
  if (choose_row(call, info, pid) < 0)
    return -1;
  read_private(call, info);
  correct_rss(call, info);
  pm_call_ready(call);
  return 0;
}

/* ---- the answer ---- */

static void put_unit(struct pm_json_out *out, const struct pm_detail *d) {
  char unit[256];
  if (d->got & PM_WANT_CGROUP && pm_unit_of(d->cgroup, unit, sizeof unit))
    pm_json_put_text(out, "unit", unit);
}

static void put_memory(struct pm_json_out *out, const struct pm_task *t) {
  static const struct {
    enum pm_field field;
    const char *name;
  } members[] = {{PM_F_anon, "memory_anon"},
                 {PM_F_file, "memory_file"},
                 {PM_F_shmem, "memory_shmem"},
                 {PM_F_hugetlb, "memory_hugetlb"},
                 {PM_F_swap, "memory_swap"}};
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    if (t->have & PM_BIT(members[i].field))
      pm_json_put_unsigned(out, members[i].name, t->v[members[i].field]);
}

static void put_io(struct pm_json_out *out, const struct pm_task *t) {
  pm_json_key(out, "io");
  pm_json_object(out);
  pm_json_put_unsigned(out, "read", t->v[PM_F_io_read]);
  pm_json_put_unsigned(out, "write", t->v[PM_F_io_write]);
  pm_json_put_unsigned(out, "disk_read", t->v[PM_F_disk_read]);
  pm_json_put_unsigned(out, "disk_write", t->v[PM_F_disk_write]);
  pm_json_object_end(out);
}

static void put_private(struct pm_json_out *out, const struct pm_detail *d) {
  if (d->got & PM_WANT_EXE)
    pm_json_put_text(out, "exe", d->exe);
  if (d->got & PM_WANT_CWD)
    pm_json_put_text(out, "cwd", d->cwd);
  if (d->got & PM_WANT_FDS)
    pm_json_put_unsigned(out, "fds", d->numbers.v[PM_F_fds]);
  if (d->got & PM_WANT_IO)
    put_io(out, &d->numbers);
}

/* What the caller may not see, or what could not be read. */
static void put_omitted(struct pm_json_out *out, const struct info *info) {
  static const struct {
    unsigned want;
    const char *name;
  } members[] = {{PM_WANT_EXE, "exe"},
                 {PM_WANT_CWD, "cwd"},
                 {PM_WANT_FDS, "fds"},
                 {PM_WANT_IO, "io"}};
  pm_json_key(out, "omitted");
  pm_json_array(out);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    if (!info->private || !(info->detail.got & members[i].want))
      pm_json_text(out, members[i].name);
  pm_json_array_end(out);
}

/* A row that was read now is shown as if the snapshot were of now. */
static struct pm_snapshot interval_of(const struct pm_call *call,
                                      const struct info *info) {
  struct pm_snapshot frame = {.tick_ns = call->context->root.units.tick_ns};
  if (call->snapshot)
    frame = *call->snapshot;
  if (info->fresh)
    frame.now = call->context->now;
  return frame;
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct info *info = call->data;
  struct pm_snapshot frame = interval_of(call, info);
  uint32_t all = (uint32_t)-1 >> (32 - pm_fields_count(pm_view_process));
  pm_reply_open(out, &call->id);
  pm_json_key(out, "process");
  pm_json_object(out);
  pm_fields_put_members(out, pm_view_process, all, &frame, &info->row);
  put_unit(out, &info->detail);
  put_memory(out, &info->detail.numbers);
  if (info->private)
    put_private(out, &info->detail);
  pm_json_object_end(out);
  put_omitted(out, info);
  pm_json_key(out, "sampled_at");
  pm_json_real(out, pm_seconds(frame.now.real), 3);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_get_process_info = {
    .state = sizeof(struct info), .start = start, .more = more};
