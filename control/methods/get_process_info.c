#include "methods/lookup.h"
#include "methods/methods.h"
#include "methods/process_view.h"
#include "server/call.h"
#include "server/reply.h"
#include "views/fields.h"

#include "core/identity/unit.h"

#include <errno.h>
#include <math.h>

/* What only its owner may see is read at once. */
struct info {
  struct pm_process_view of;
  bool private; /* the caller may see what only the owner may */
};

static const unsigned owner_only =
    PM_WANT_EXE | PM_WANT_CWD | PM_WANT_IO | PM_WANT_FDS;

/* ---- what is only its owner's ---- */

static void read_private(struct pm_call *call, struct info *info) {
  struct pm_context *o = call->context;
  struct pm_visibility_viewer viewer;
  pm_visibility_viewer(&o->visibility, o->now, call->peer, &viewer);
  info->private = pm_visibility_private(&viewer, &info->of.detail);
  if (!info->private || info->of.detail.slow)
    return;
  const struct pm_detail *read;
  int status = pm_context_read(o, info->of.row.pid, info->of.row.birth,
                               PM_PROCESS_VIEW_WANT | owner_only, &read);
  info->of.detail = *read;
  if (status < 0)
    info->of.detail.got &= status == -ESRCH ? 0 : PM_WANT_SAFE;
  else /* of the same program as the files; it may have been another before */
    info->private = pm_visibility_private(&viewer, &info->of.detail);
}

static int start(struct pm_call *call, const struct pm_json *params) {
  struct info *info = call->data;
  int32_t pid = (int32_t)pm_param_integer(params, "pid", 0);
  uint64_t birth = (uint64_t)pm_param_integer(params, "start_time", 0);
  if (pm_lookup_process(call, pid, birth, PM_PROCESS_VIEW_WANT,
                        &info->of.detail) < 0)
    return -1;
  call->snapshot = pm_context_latest(call->context);
  if (pm_process_view_choose(call, pid, &info->of) < 0)
    return -1;
  read_private(call, info);
  pm_process_view_correct(call, &info->of);
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
    if (!info->private || !(info->of.detail.got & members[i].want))
      pm_json_text(out, members[i].name);
  pm_json_array_end(out);
}

static enum pm_progress more(struct pm_call *call, struct pm_json_out *out) {
  const struct info *info = call->data;
  struct pm_snapshot frame = pm_process_view_frame(call, &info->of);
  uint32_t all = (uint32_t)-1 >> (32 - pm_fields_count(pm_view_process));
  pm_reply_open(out, &call->id);
  pm_json_key(out, "process");
  pm_json_object(out);
  pm_fields_put_members(out, pm_view_process, all, &frame, &info->of.row);
  put_unit(out, &info->of.detail);
  put_memory(out, &info->of.detail.numbers);
  if (info->private)
    put_private(out, &info->of.detail);
  pm_json_object_end(out);
  put_omitted(out, info);
  pm_json_key(out, "sampled_at");
  pm_json_real(out, pm_seconds(frame.now.real), 3);
  pm_reply_close(out);
  return PM_PROGRESS_DONE;
}

const struct pm_method_ops pm_method_get_process_info = {
    .state = sizeof(struct info), .start = start, .more = more};
