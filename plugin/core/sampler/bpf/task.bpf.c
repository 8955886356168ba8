/* The kernel's half of the BPF sampler: every process with its threads summed,
 * and one record for each that ends.  Plain loads through BTF pointers and, but
 * for memory before 6.2, no bpf_probe_read, which a locked-down kernel refuses.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "death.h"
#include "kernel.bpf.h"
#include "process.bpf.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- every process, by the open-coded iterator: since 6.7, c68a78ffe2cb ----
 */

/* The first thread of each process, in the order of their births; a walk that
 * visited the threads as well would wait for two more cache lines per process.
 *
 * Nearly every process of a large machine has slept since the last walk.  So
 * the rows stay where they are: a row whose process shows the same start,
 * switches and run time keeps what it has, and only what can change while
 * it sleeps is read again.  The walk then costs what chasing the list costs
 * (10,000 processes after a second of idleness: 2.9 ms, with every field 4.5
 * ms, the bare list 2.8 ms). */

enum { ALL_PROCS = 0, PROC_THREADS = 2 }; /* kernel/bpf/task_iter.c */

enum {
  AHEAD = 4, /* rows that are checked to find a process again */
  ANEW = 32, /* turns after which a row is read whole at the latest */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1); /* load.c says how many */
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct pm_bpf_task);
} procman_rows SEC(".maps");

struct bpf_iter_task {
  __u64 opaque[3]; /* opaque in uapi/linux/bpf.h, too */
} __attribute__((aligned(8)));

struct bpf_iter_num {
  __u64 opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start,
                            int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
                             unsigned int flags) __weak __ksym;
extern struct task_struct *
bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;
extern struct task_struct *
bpf_task_acquire(struct task_struct *task) __weak __ksym;
extern void bpf_task_release(struct task_struct *task) __weak __ksym;
extern void bpf_rcu_read_lock(void) __weak __ksym;
extern void bpf_rcu_read_unlock(void) __weak __ksym;

/* Each part only grows, so the sum is the same only if all are. */
static __always_inline __u64 mark_of(struct task_struct *t) {
  return t->nvcsw + t->nivcsw + t->se.sum_exec_runtime;
}

static __always_inline int has_slept(const struct pm_bpf_task *r,
                                     struct task_struct *t) {
  return r->threads == 1 && r->mark == mark_of(t) && state_of(t) != 0 &&
         t->exit_state == 0;
}

static __always_inline int is_of(const struct pm_bpf_task *r,
                                 struct task_struct *t) {
  return r->pid == pid_of(t) && r->start_ns == t->start_boottime;
}

/* The row of a process that is not where it was expected: a little further on,
 * if processes before it are gone; else it has none yet, and this is `from`. */
static __noinline __u32 seek_row(__u32 from, __u32 pid, __u64 start_ns) {
  __u32 found = from, at = from + 1;
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, AHEAD);
  while (bpf_iter_num_next(&it)) {
    __u32 i = at++;
    struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &i);
    if (!r || r->pid != pid || r->start_ns != start_ns)
      continue;
    found = i;
    break;
  }
  bpf_iter_num_destroy(&it);
  return found;
}

/* The rows between the expected and the found one are those of ended processes.
 */
static __noinline void clear_rows(__u32 from, __u32 to) {
  __u32 at = from;
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, AHEAD);
  while (bpf_iter_num_next(&it)) {
    __u32 i = at++;
    struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &i);
    if (r && i < to)
      r->pid = 0;
  }
  bpf_iter_num_destroy(&it);
}

/* NULL: there is no room; *next is counted all the same. */
static __always_inline struct pm_bpf_task *row_of(struct task_struct *t,
                                                  __u32 *next, __u32 tidy) {
  __u32 at = *next;
  struct pm_bpf_task *r = bpf_map_lookup_elem(&procman_rows, &at);
  if (r && !tidy && !is_of(r, t)) {
    __u32 found = seek_row(at, pid_of(t), t->start_boottime);
    if (found != at) {
      clear_rows(at, found);
      at = found;
      r = bpf_map_lookup_elem(&procman_rows, &at);
    }
  }
  *next = at + 1;
  return r;
}

/* A first thread that has ended has given its memory back, while the others
 * still use it: then theirs is shown, and the state of one of them. */
static __always_inline void
add_threads(struct pm_bpf_task *r, struct task_struct *first, enum how how) {
  struct bpf_iter_task it;
  struct task_struct *t, *held = bpf_task_acquire(first);
  if (!held)
    return; /* it is being freed */
  bpf_iter_task_new(&it, held, PROC_THREADS);
  while ((t = bpf_iter_task_next(&it))) {
    if (t->exit_state != EXIT_DEAD)
      add_own(&r->use, t);
    if (r->now.exit_state && !t->exit_state)
      set_now(&r->now, t, how);
  }
  bpf_iter_task_destroy(&it);
  bpf_task_release(held);
}

static __always_inline void read_row(struct pm_bpf_task *r,
                                     struct task_struct *t, enum how how) {
  set_process(r, t, how);
  r->mark = mark_of(t);
  if (r->threads == 1)
    add_own(&r->use, t);
  else
    add_threads(r, t, how);
}

/* What a thread that is being released (EXIT_DEAD) used is already part of the
 * process; for a first thread the death record is under way. */
static __always_inline int walk_all(struct pm_bpf_walk *ask, int exact) {
  /* 0, but the verifier must not know, or it would follow every count */
  __u32 next = ask->rows, tasks = ask->tasks;
  __u32 turn = ask->turn, tidy = ask->tidy;
  struct bpf_iter_task it;
  struct task_struct *t;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&it, 0, ALL_PROCS);
  while ((t = bpf_iter_task_next(&it))) {
    if (pid_of(t) == 0 || t->exit_state == EXIT_DEAD)
      continue;
    struct pm_bpf_task *r = row_of(t, &next, tidy);
    if (!r)
      continue; /* go on counting */
    if (is_of(r, t) && (next + turn) % ANEW != 0 && has_slept(r, t))
      set_outside(r, t, exact ? KEPT : APPROXIMATE);
    else
      read_row(r, t, exact ? EXACT : APPROXIMATE);
    tasks += r->threads;
  }
  bpf_iter_task_destroy(&it);
  bpf_rcu_read_unlock();
  ask->rows = next;
  ask->tasks = tasks;
  return 0;
}

SEC("syscall") int procman_walk(struct pm_bpf_walk *ask) {
  return walk_all(ask, 1);
}

/* In case that the verifier of some kernel rejects the other one. */
SEC("syscall") int procman_walk_67(struct pm_bpf_walk *ask) {
  return walk_all(ask, 0);
}

/* ---- every thread, by the task iterator: since 5.8 ---- */

struct bpf_iter_meta {
  struct seq_file *seq;
} OF_THE_KERNEL;

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
} OF_THE_KERNEL;

/* Rows stay where they are here, too (10,000 processes after a second of
 * idleness: 6.0 ms; with every field of every process through the seq file
 * 8.5 ms).  But tasks come in the order of pids, and the program starts anew
 * for each: what it must know of those before is in a map. */
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

SEC("iter/task") int procman_dump(struct bpf_iter__task *ctx) {
  return dump_task(ctx, 1);
}

/* For 5.8 to 6.1.  From 5.13 to 5.15 no program loads that has a call of a
 * missing kfunc, not even where it is never reached (a5d827275241). */
SEC("iter/task") int procman_dump_58(struct bpf_iter__task *ctx) {
  return dump_task(ctx, 0);
}

/* ---- the end of a process ---- */

/* Not at its exit: there, what it used since the last tick is not yet added up,
 * and what other threads and the tearing down of its memory use is missing.
 * When the first thread is freed, signal_struct holds everything; a zombie is
 * still walked until then.  The parent may have been freed itself, so its start
 * is sent along: a process in its place is younger. */

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096); /* load.c says how many bytes */
} procman_deaths SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_COUNTS);
  __type(key, __u32);
  __type(value, __u64);
} procman_counts SEC(".maps");

static __always_inline __u64 *count_of(__u32 which) {
  return bpf_map_lookup_elem(&procman_counts, &which);
}

static __always_inline void set_death(struct pm_bpf_death *d,
                                      struct task_struct *first) {
  set_process(&d->task, first, APPROXIMATE);
  d->task.mark = 0;
  d->end_ns = bpf_ktime_get_boot_ns();
  d->parent_start_ns = first->real_parent->start_boottime;
  d->parent_exec_id = first->parent_exec_id;
}

/* sched_process_free fires in a softirq, and there some kernels skip the
 * programs: none runs, no miss is counted (6.18 as a PVM guest: batches of ten,
 * up to 3 % of all deaths; perf(1) sees them).  So a process leaves an exit
 * record at its exit, in its own context, where programs always run; it is
 * taken back when the death record is made.  What is left is read by missed.c.
 * An exit record lacks what the process uses from there on, and since the last
 * tick: PM_BPF_TAIL_NS is what others used, on average. */

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_EXITING);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, __u64); /* the kernel rounds up to 8 bytes */
} procman_exiting SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_EXITING);
  __type(key, __u32);
  __type(value, struct pm_bpf_death);
} procman_exits SEC(".maps");

SEC("tp_btf/sched_process_exit") int procman_exit(__u64 *ctx) {
  struct task_struct *t = (void *)ctx[0], *first = t->group_leader;
  __u32 at = (__u32)first->tgid % PM_BPF_EXITING;
  if (t->signal->live.counter != 0)
    return 0; /* other threads live on */
  struct pm_bpf_death *d = bpf_map_lookup_elem(&procman_exits, &at);
  __u64 *pid = bpf_map_lookup_elem(&procman_exiting, &at);
  if (!d || !pid)
    return 0;
  set_death(d, first);
  add_own(&d->task.use, first);
  if (t != first)
    add_own(&d->task.use, t);
  set_peak(&d->task, t);
  *pid = first->tgid;
  return 0;
}

/* Of several threads, those that had not been released at the exit of the last
 * one would count as a whole; and tearing down a large memory takes a time that
 * is no measure for others. */
static __always_inline void add_tail(__u64 exec_ns,
                                     const struct pm_bpf_death *d) {
  enum { WEIGHT_BITS = 5, MOST_NS = 10000000 /* a tick of HZ 100 */ };
  __u64 *mean = count_of(PM_BPF_TAIL_NS);
  __u64 tail = exec_ns - d->task.use.exec_ns;
  if (!mean || d->task.threads != 1)
    return;
  if (tail > MOST_NS)
    tail = MOST_NS;
  *mean += ((__s64)(tail - *mean)) >> WEIGHT_BITS;
}

/* Takes the exit record back.  False: it was already reported. */
static __always_inline int take_back(__u32 pid, __u64 exec_ns, __u64 *maxrss) {
  __u32 at = pid % PM_BPF_EXITING;
  __u64 *left = bpf_map_lookup_elem(&procman_exiting, &at);
  const struct pm_bpf_death *d = bpf_map_lookup_elem(&procman_exits, &at);
  __u64 mark = left ? *left : 0;
  if (!left || !d || (mark & ~(__u64)PM_BPF_MARKS) != pid)
    return 1; /* of another process, or it exited before we were attached */
  *left = 0;
  add_tail(exec_ns, d);
  *maxrss = d->task.maxrss;
  return !(mark & PM_BPF_REPORTED);
}

SEC("tp_btf/sched_process_free") int procman_free(__u64 *ctx) {
  struct task_struct *t = (void *)ctx[0];
  __u64 maxrss = 0;
  if (t->pid != t->tgid ||
      !take_back(t->tgid, t->signal->sum_sched_runtime, &maxrss))
    return 0;
  struct pm_bpf_death *d = bpf_ringbuf_reserve(&procman_deaths, sizeof *d, 0);
  if (!d) {
    __u64 *lost = count_of(PM_BPF_LOST);
    if (lost)
      __sync_fetch_and_add(lost, 1);
    return 0;
  }
  set_death(d, t);
  if (!d->task.maxrss)
    d->task.maxrss = maxrss;
  if (HAS(t->sched_info.run_delay))
    d->task.use.delay_ns = t->sched_info.run_delay;
  bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
  return 0;
}
