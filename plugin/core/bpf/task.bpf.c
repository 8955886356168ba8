/* The kernel's half of the BPF sampler: every process with its threads summed,
 * and one record for each that ends.  Plain loads through BTF pointers and, but
 * for memory before 6.2, no bpf_probe_read, which a locked-down kernel refuses.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "number.bpf.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
  EXIT_DEAD = 0x10,        /* linux/sched.h */
  SIGNAL_GROUP_EXIT = 0x4, /* linux/sched/signal.h */
};

/* ---- one thread, one process ---- */

/* One of mm_struct's counters, in pages.  It may be negative for a moment.  A
 * macro because an index is only relocated where it is a literal: 0 file, 1
 * anonymous, 2 swap, 3 shared (linux/mm_types_task.h). */
#define OLD(mm) ((struct mm_struct___61 *)(mm))
#define PAGES(mm, which)                                                       \
  at_least_0(HAS((mm)->rss_stat[0].count) ? (mm)->rss_stat[which].count        \
             : HAS(OLD(mm)->rss_stat.count[0].counter)                         \
                 ? probed(&OLD(mm)->rss_stat.count[which].counter)             \
                 : 0)

/* Before 6.2 the counters are an array of a typedef, and the verifier takes no
 * plain load of its elements ("Type 'atomic_long_t' is not a struct").  Where
 * the kernel is locked down and so has no bpf_probe_read, memory is not known.
 */
const volatile __u32 may_probe = 1;

static __always_inline __s64 probed(const void *at) {
  __s64 n = 0;
  if (may_probe)
    bpf_probe_read_kernel(&n, sizeof n, at);
  return n;
}

static inline __attribute__((always_inline)) __u64 at_least_0(__s64 n) {
  return n > 0 ? (__u64)n : 0;
}

static __always_inline __u32 state_of(struct task_struct *t) {
  if (HAS(t->__state))
    return t->__state;
  return (__u32)((struct task_struct___513 *)t)->state;
}

static __always_inline __u16 has(struct task_struct *t) {
  struct mm_struct *mm = t->mm;
  return (HAS(mm->rss_stat[0].count) ||
                  (may_probe && HAS(OLD(mm)->rss_stat.count[0].counter))
              ? PM_BPF_HAS_MEMORY
              : 0) |
         (HAS(t->ioac.rchar) ? PM_BPF_HAS_CHARS : 0) |
         (HAS(t->ioac.read_bytes) ? PM_BPF_HAS_BYTES : 0) |
         (HAS(t->sched_info.run_delay) ? PM_BPF_HAS_DELAY : 0) |
         (HAS(t->cgroups) ? PM_BPF_HAS_CGROUP : 0);
}

static __always_inline void add_own(struct pm_bpf_use *u,
                                    struct task_struct *t) {
  u->exec_ns += t->se.sum_exec_runtime;
  u->user_ns += t->utime;
  u->system_ns += t->stime;
  u->faults_minor += t->min_flt;
  u->faults_major += t->maj_flt;
  u->switch_voluntary += t->nvcsw;
  u->switch_involuntary += t->nivcsw;
  if (HAS(t->ioac.rchar)) {
    u->io_read += t->ioac.rchar;
    u->io_write += t->ioac.wchar;
  }
  if (HAS(t->ioac.read_bytes)) {
    u->disk_read += t->ioac.read_bytes;
    u->disk_write += t->ioac.write_bytes;
  }
  if (HAS(t->sched_info.run_delay))
    u->delay_ns += t->sched_info.run_delay;
}

static __always_inline void set_ended(struct pm_bpf_use *u,
                                      struct signal_struct *s) {
  u->exec_ns = s->sum_sched_runtime;
  u->user_ns = s->utime;
  u->system_ns = s->stime;
  u->faults_minor = s->min_flt;
  u->faults_major = s->maj_flt;
  u->switch_voluntary = s->nvcsw;
  u->switch_involuntary = s->nivcsw;
  u->io_read = u->io_write = u->disk_read = u->disk_write = 0;
  if (HAS(s->ioac.rchar)) {
    u->io_read = s->ioac.rchar;
    u->io_write = s->ioac.wchar;
  }
  if (HAS(s->ioac.read_bytes)) {
    u->disk_read = s->ioac.read_bytes;
    u->disk_write = s->ioac.write_bytes;
  }
  u->delay_ns = 0;
}

/* What may change while a process does not run. */
static __always_inline void set_outside(struct pm_bpf_task *r,
                                        struct task_struct *t) {
  struct mm_struct *mm = t->mm;
  r->state = state_of(t);
  r->exit_state = t->exit_state;
  r->ppid = pid_of(t->real_parent);
  r->vsize = r->rss = r->swap = 0;
  if (!mm)
    return;
  r->vsize = mm->total_vm;
  r->rss = PAGES(mm, 0) + PAGES(mm, 1) + PAGES(mm, 3); /* file, anon, shmem */
  r->swap = PAGES(mm, 2);
}

/* All but the use of threads that live. */
static __always_inline void set_process(struct pm_bpf_task *r,
                                        struct task_struct *t) {
  struct signal_struct *s = t->signal;
  set_outside(r, t);
  set_ended(&r->use, s);
  r->start_ns = t->start_boottime;
  r->prev_user_ns = s->prev_cputime.utime;
  r->prev_system_ns = s->prev_cputime.stime;
  r->reaped_faults = s->cmin_flt;
  r->maxrss = s->maxrss;
  r->cgroup = HAS(t->cgroups) ? t->cgroups->dfl_cgrp->kn->id : 0;
  r->pid = pid_of(t);
  r->uid = t->cred->euid.val;
  r->threads = s->nr_threads;
  r->flags = t->flags;
  r->exec_id = t->self_exec_id;
  r->status = s->flags & SIGNAL_GROUP_EXIT ? s->group_exit_code : t->exit_code;
  r->has = has(t);
  r->oom = s->oom_mm != 0;
  __builtin_memcpy(r->comm, t->comm, sizeof r->comm);
}

/* ---- every process, by the open-coded iterator: since 6.7, c68a78ffe2cb ----
 */

/* The first thread of each process, in the order of their births; a walk that
 * asked for the threads as well would wait for two more cache lines a process.
 *
 * Nearly every process of a large machine has slept since the last walk.  So
 * the rows stay where they are: a row whose process shows the same start,
 * switches and run time keeps what it has, and only what others can change is
 * read again.  The walk then costs what chasing the list costs (10,000
 * processes after a second of idleness: 2.9 ms, with every field 4.5 ms, the
 * bare list 2.8 ms). */

enum { ALL_PROCS = 0, PROC_THREADS = 2 }; /* kernel/bpf/task_iter.c */

enum {
  AHEAD = 4, /* rows that are looked at to find a process again */
  ANEW = 32, /* turns after which a row is read whole at the latest */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1); /* load.c says how many */
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct pm_bpf_task);
} rows SEC(".maps");

struct bpf_iter_task {
  __u64 opaque[3]; /* uapi/linux/bpf.h keeps it to itself */
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

/* Where the row of a process is that is not where it was expected: a little
 * further on, if processes before it are gone; else it has none yet. */
static __noinline __u32 seek(__u32 from, __u32 pid, __u64 start_ns) {
  __u32 found = from, at = from + 1;
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, AHEAD);
  while (bpf_iter_num_next(&it)) {
    __u32 i = at++;
    struct pm_bpf_task *r = bpf_map_lookup_elem(&rows, &i);
    if (!r || r->pid != pid || r->start_ns != start_ns)
      continue;
    found = i;
    break;
  }
  bpf_iter_num_destroy(&it);
  return found;
}

/* The rows between the expected and the found one belong to nobody any more. */
static __noinline void clear(__u32 from, __u32 to) {
  __u32 at = from;
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, AHEAD);
  while (bpf_iter_num_next(&it)) {
    __u32 i = at++;
    struct pm_bpf_task *r = bpf_map_lookup_elem(&rows, &i);
    if (r && i < to)
      r->pid = 0;
  }
  bpf_iter_num_destroy(&it);
}

/* Null: there is no room.  *next is then counted on. */
static __always_inline struct pm_bpf_task *row_of(struct task_struct *t,
                                                  __u32 *next, __u32 tidy) {
  __u32 at = *next;
  struct pm_bpf_task *r = bpf_map_lookup_elem(&rows, &at);
  if (r && !tidy && !is_of(r, t)) {
    __u32 found = seek(at, pid_of(t), t->start_boottime);
    if (found != at) {
      clear(at, found);
      at = found;
      r = bpf_map_lookup_elem(&rows, &at);
    }
  }
  *next = at + 1;
  return r;
}

static __always_inline void add_threads(struct pm_bpf_use *u,
                                        struct task_struct *first) {
  struct bpf_iter_task it;
  struct task_struct *t, *held = bpf_task_acquire(first);
  if (!held)
    return; /* it is being freed */
  bpf_iter_task_new(&it, held, PROC_THREADS);
  while ((t = bpf_iter_task_next(&it)))
    if (t->exit_state != EXIT_DEAD)
      add_own(u, t);
  bpf_iter_task_destroy(&it);
  bpf_task_release(held);
}

static __always_inline void read_row(struct pm_bpf_task *r,
                                     struct task_struct *t) {
  set_process(r, t);
  r->mark = mark_of(t);
  if (r->threads == 1)
    add_own(&r->use, t);
  else
    add_threads(&r->use, t);
}

/* A thread that is being released has already left what it used with the
 * process: EXIT_DEAD, and for a first thread the death record is under way. */
SEC("syscall") int walk(struct pm_bpf_walk *ask) {
  /* 0, but the verifier must not know or it would follow every count */
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
      continue; /* goes on counting */
    if (is_of(r, t) && (next + turn) % ANEW != 0 && has_slept(r, t))
      set_outside(r, t);
    else
      read_row(r, t);
    tasks += r->threads;
  }
  bpf_iter_task_destroy(&it);
  bpf_rcu_read_unlock();
  ask->rows = next;
  ask->tasks = tasks;
  return 0;
}

/* ---- every thread, by the task iterator: since 5.8 ---- */

struct bpf_iter_meta {
  struct seq_file *seq;
} OF_THE_KERNEL;

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
} OF_THE_KERNEL;

SEC("iter/task") int dump(struct bpf_iter__task *ctx) {
  struct task_struct *t = ctx->task;
  struct {
    struct pm_bpf_piece piece;
    struct pm_bpf_task task;
  } out = {};
  if (!t || t->exit_state == EXIT_DEAD)
    return 0;
  out.piece.pid = pid_of(t);
  out.piece.first = t->pid == t->tgid;
  out.piece.ended_ns = t->signal->sum_sched_runtime;
  add_own(&out.piece.use, t);
  if (out.piece.first)
    set_process(&out.task, t);
  bpf_seq_write(ctx->meta->seq, &out,
                out.piece.first ? sizeof out : sizeof out.piece);
  return 0;
}

/* ---- the end of a process ---- */

/* Not at its exit: there, what it used since the last tick is not yet added
 * up, threads that live on are missing, and so is the tearing down of its
 * memory.  When the first thread is freed, signal_struct holds everything; a
 * zombie is still walked until then.  The parent may itself have been freed,
 * so its start is sent along: whoever took its place is younger. */

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096); /* load.c says how many bytes */
} deaths SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_COUNTS);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

static __always_inline __u64 *count_of(__u32 which) {
  return bpf_map_lookup_elem(&counts, &which);
}

static __always_inline void set_death(struct pm_bpf_death *d,
                                      struct task_struct *first) {
  set_process(&d->task, first);
  d->task.mark = 0;
  d->end_ns = bpf_ktime_get_boot_ns();
  d->parent_start_ns = first->real_parent->start_boottime;
  d->parent_exec_id = first->parent_exec_id;
}

/* sched_process_free is fired from a softirq, and there some kernels pass the
 * programs over: no program runs, no miss is counted (6.18 as a PVM guest:
 * batches of ten, up to 3 % of all deaths; perf(1) sees them).  So a process
 * leaves its last words at its exit, in its own context, where programs always
 * run; they are taken back when the record is made.  What is left is read by
 * recall.c.  They lack what it uses from here on, and since the last tick:
 * PM_BPF_TAIL_NS is what the others used, on average. */

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_LEAVING);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, __u64); /* the kernel rounds up to 8 bytes */
} leaving SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PM_BPF_LEAVING);
  __type(key, __u32);
  __type(value, struct pm_bpf_death);
} words SEC(".maps");

SEC("tp_btf/sched_process_exit") int leaves(__u64 *ctx) {
  struct task_struct *t = (void *)ctx[0], *first = t->group_leader;
  __u32 at = (__u32)first->tgid % PM_BPF_LEAVING;
  if (t->signal->live.counter != 0)
    return 0; /* the others live on */
  struct pm_bpf_death *d = bpf_map_lookup_elem(&words, &at);
  __u64 *pid = bpf_map_lookup_elem(&leaving, &at);
  if (!d || !pid)
    return 0;
  set_death(d, first);
  add_own(&d->task.use, first);
  if (t != first)
    add_own(&d->task.use, t);
  *pid = first->tgid;
  return 0;
}

static __always_inline void add_tail(__u64 exec_ns, __u32 at) {
  struct pm_bpf_death *d = bpf_map_lookup_elem(&words, &at);
  __u64 *mean = count_of(PM_BPF_TAIL_NS);
  enum { WEIGHT_BITS = 5 };
  if (d && mean)
    *mean += ((__s64)(exec_ns - d->task.use.exec_ns - *mean)) >> WEIGHT_BITS;
}

/* Takes the last words back.  False: they were already told. */
static __always_inline int take_back(__u32 pid, __u64 exec_ns) {
  __u32 at = pid % PM_BPF_LEAVING;
  __u64 *left = bpf_map_lookup_elem(&leaving, &at);
  __u64 mark = left ? *left : 0;
  if (!left || (mark & ~(__u64)PM_BPF_MARKS) != pid)
    return 1; /* another's, or it left before we looked */
  *left = 0;
  add_tail(exec_ns, at);
  return !(mark & PM_BPF_TOLD);
}

SEC("tp_btf/sched_process_free") int died(__u64 *ctx) {
  struct task_struct *t = (void *)ctx[0];
  if (t->pid != t->tgid || !take_back(t->tgid, t->signal->sum_sched_runtime))
    return 0;
  struct pm_bpf_death *d = bpf_ringbuf_reserve(&deaths, sizeof *d, 0);
  if (!d) {
    __u64 *lost = count_of(PM_BPF_LOST);
    if (lost)
      __sync_fetch_and_add(lost, 1);
    return 0;
  }
  set_death(d, t);
  if (HAS(t->sched_info.run_delay))
    d->task.use.delay_ns = t->sched_info.run_delay;
  bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
  return 0;
}
