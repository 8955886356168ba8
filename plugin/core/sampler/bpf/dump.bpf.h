/* Every thread, by the task iterator: since 5.8.  Rows stay where they are
 * here, too (10,000 processes after a second of idleness: 6.0 ms; with every
 * field of every process through the seq file 8.5 ms).  But tasks come in the
 * order of pids, and the program starts anew for each: what it must know of
 * those before is in a map. */
#ifndef PM_CORE_SAMPLER_BPF_DUMP_BPF_H
#define PM_CORE_SAMPLER_BPF_DUMP_BPF_H

#include "rows.bpf.h"

struct bpf_iter_meta {
  struct seq_file *seq;
} OF_THE_KERNEL;

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
} OF_THE_KERNEL;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct pm_bpf_dump);
} procman_dumped SEC(".maps");

/* Steps over rows of processes that are gone, a few at a time. */
static __always_inline void pass_gone(struct pm_bpf_dump *d, __u32 pid) {
#pragma unroll
  for (int i = 0; i < AHEAD; i++) {
    __u32 at = d->next;
    struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &at);
    if (at >= d->end || !r || r->pid >= pid)
      return;
    r->pid = 0;
    d->next = at + 1;
  }
}

/* The row of a process: its own; or behind all others; or, if it is new among
 * them or too many before it are gone, from the other end of the array. */
static __always_inline __u32 row_in(struct pm_bpf_dump *d, __u32 pid) {
  pass_gone(d, pid);
  __u32 at = d->next;
  struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &at);
  if (at >= d->end || (r && r->pid == pid)) {
    d->next = at + 1;
    return at;
  }
  return d->room - ++d->spilled;
}

/* False: its row is complete, no piece is needed.  A task for whose piece there
 * is no room in the buffer comes again (bpf_seq_read() in
 * kernel/bpf/bpf_iter.c) and then gets a second row: of processes with several
 * threads, the row that counts is the one that a piece names. */
static __always_inline int dump_first(struct pm_bpf_dump *d,
                                      struct task_struct *t, __u32 *ret_row,
                                      int exact) {
  __u32 at = row_in(d, pid_of(t));
  struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &at);
  d->tasks += t->signal->nr_threads;
  if (!r)
    return 0; /* there is no room; it was counted */
  if (is_of(r, t) && (at + d->turn) % ANEW != 0 && has_slept(r, t)) {
    set_outside(r, t, exact ? KEPT : APPROXIMATE);
    return 0;
  }
  set_process(r, t, exact ? EXACT : APPROXIMATE);
  r->mark = mark_of(t);
  *ret_row = at + 1;
  if (r->threads > 1)
    return 1;
  add_own(&r->use, t);
  return 0;
}

static __always_inline int dump_task(struct bpf_iter__task *ctx, int exact) {
  struct task_struct *t = ctx->task;
  __u32 zero = 0;
  struct pm_bpf_dump *d = bpf_map_lookup_elem(&procman_dumped, &zero);
  struct pm_bpf_piece piece = {};
  if (!t || !d || t->exit_state == EXIT_DEAD)
    return 0;
  if (t->pid == t->tgid && !dump_first(d, t, &piece.row, exact))
    return 0;
  piece.pid = pid_of(t);
  piece.ended_ns = t->signal->sum_sched_runtime;
  add_own(&piece.use, t);
  /* it counts where the first thread has ended, and not in the others */
  if (exact && t->group_leader->exit_state)
    set_now(&piece.now, t, EXACT);
  else
    set_now(&piece.now, t, APPROXIMATE);
  bpf_seq_write(ctx->meta->seq, &piece, sizeof piece);
  return 0;
}

#endif
