/* The end of a process: a record for each. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "approximate.bpf.h"
#include "death.h"
#include "process.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Not at its exit: there, what it used since the last tick is not yet added up,
 * and what other threads and the tearing down of its memory use is missing.
 * When the first thread is freed, signal_struct holds everything; a zombie is
 * still walked until then.  The parent may have been freed itself, so its start
 * is sent along: a process in its place is younger. */

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096); /* deaths.c says how many bytes */
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

static __always_inline __s64 at_least_0(__s64 n) { return n > 0 ? n : 0; }

/* The peak of the program that is ending, as the kernel computes it.  t: its
 * last thread, which since 6.16 still has its memory at its exit. */
static __always_inline void set_peak(struct pm_bpf_task *r,
                                     struct task_struct *t) {
  struct mm_struct *mm = t->mm;
  if (!mm || r->maxrss)
    return;
  struct pm_bpf_now now;
  set_approximate(&now, mm);
  __u64 rss = (__u64)(at_least_0(now.count[PM_BPF_FILE]) +
                      at_least_0(now.count[PM_BPF_ANON]) +
                      at_least_0(now.count[PM_BPF_SHMEM]));
  r->maxrss = rss > mm->hiwater_rss ? rss : mm->hiwater_rss;
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
