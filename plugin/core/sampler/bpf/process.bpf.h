/* Fills the record of one process (task.h). */
#ifndef PM_CORE_SAMPLER_BPF_PROCESS_BPF_H
#define PM_CORE_SAMPLER_BPF_PROCESS_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "number.bpf.h"
#include "owner.bpf.h"
#include "use.bpf.h"

enum {
  EXIT_DEAD = 0x10,        /* linux/sched.h */
  SIGNAL_GROUP_EXIT = 0x4, /* linux/sched/signal.h */
};

/* One of mm_struct's counters, in pages.  It may be negative for a moment.  A
 * macro because an index is only relocated where it is a literal: 0 file, 1
 * anonymous, 2 swap, 3 shared (linux/mm_types_task.h). */
#define OLD(mm) ((struct mm_struct___61 *)(mm))
#define PAGES(mm, which)                                                       \
  at_least_0(HAS((mm)->rss_stat[0].count) ? (mm)->rss_stat[which].count        \
             : HAS(OLD(mm)->rss_stat.count[0].counter)                         \
                 ? probed(&OLD(mm)->rss_stat.count[which].counter)             \
                 : 0)

/* Before 6.2 the counters are an array of a typedef, and the verifier rejects a
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

static __always_inline __u16 has_of(struct task_struct *t) {
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

static __always_inline void set_now(struct pm_bpf_now *n,
                                    struct task_struct *t) {
  struct mm_struct *mm = t->mm;
  n->state = state_of(t);
  n->exit_state = t->exit_state;
  n->vsize = n->rss = n->swap = 0;
  if (!mm)
    return;
  n->vsize = mm->total_vm;
  n->rss = PAGES(mm, 0) + PAGES(mm, 1) + PAGES(mm, 3); /* file, anon, shmem */
  n->swap = PAGES(mm, 2);
}

/* What may change while a process does not run. */
static __always_inline void set_outside(struct pm_bpf_task *r,
                                        struct task_struct *t) {
  r->ppid = pid_of(t->real_parent);
  set_now(&r->now, t);
}

/* All but what living threads use. */
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
  set_owner(r, t);
  r->threads = s->nr_threads;
  r->flags = t->flags;
  r->exec_id = t->self_exec_id;
  r->status = s->flags & SIGNAL_GROUP_EXIT ? s->group_exit_code : t->exit_code;
  r->has = has_of(t);
  r->oom = s->oom_mm != 0;
  __builtin_memcpy(r->comm, t->comm, sizeof r->comm);
}

#endif
