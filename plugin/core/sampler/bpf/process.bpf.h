/* Fills the record of one process (task.h). */
#ifndef PM_CORE_SAMPLER_BPF_PROCESS_BPF_H
#define PM_CORE_SAMPLER_BPF_PROCESS_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "memory.bpf.h"
#include "number.bpf.h"
#include "owner.bpf.h"
#include "use.bpf.h"

enum {
  EXIT_DEAD = 0x10,        /* linux/sched.h */
  SIGNAL_GROUP_EXIT = 0x4, /* linux/sched/signal.h */
};

static __always_inline __u32 state_of(struct task_struct *t) {
  if (HAS(t->__state))
    return t->__state;
  return (__u32)((struct task_struct___513 *)t)->state;
}

static __always_inline __u16 has_of(struct task_struct *t) {
  struct mm_struct *mm = t->mm;
  return (HAS_MEMORY(mm) ? PM_BPF_HAS_MEMORY : 0) |
         (HAS(mm->hugetlb_usage.counter) ? PM_BPF_HAS_HUGETLB : 0) |
         (HAS(t->ioac.rchar) ? PM_BPF_HAS_CHARS : 0) |
         (HAS(t->ioac.read_bytes) ? PM_BPF_HAS_BYTES : 0) |
         (HAS(t->sched_info.run_delay) ? PM_BPF_HAS_DELAY : 0) |
         (HAS(t->cgroups) ? PM_BPF_HAS_CGROUP : 0);
}

/* How pages are counted. */
enum how {
  APPROXIMATE, /* by the common counts */
  KEPT,        /* exact, with the parts that were read before */
  EXACT
};

/* Of exact.bpf.h or approximate.bpf.h: of which one is for the object to say.
 */
static void set_pages(struct pm_bpf_now *n, struct mm_struct *mm, enum how how);

static __always_inline void set_now(struct pm_bpf_now *n, struct task_struct *t,
                                    enum how how) {
  struct mm_struct *mm = t->mm;
  n->state = state_of(t);
  n->exit_state = t->exit_state;
  if (!mm) {
    n->vsize = n->hugetlb = 0;
    __builtin_memset(n->count, 0, sizeof n->count);
    __builtin_memset(n->parts, 0, sizeof n->parts);
    return;
  }
  n->vsize = mm->total_vm;
  n->hugetlb =
      HAS(mm->hugetlb_usage.counter) ? (__u64)mm->hugetlb_usage.counter : 0;
  set_pages(n, mm, how);
}

/* What may change while a process does not run. */
static __always_inline void set_outside(struct pm_bpf_task *r,
                                        struct task_struct *t, enum how how) {
  r->ppid = pid_of(t->real_parent);
  set_now(&r->now, t, how);
}

/* All but what living threads use.  signal_struct's peak of resident memory
 * includes the program that was there before an execve, and with vfork that is
 * the parent: what has become another program gets it from set_peak. */
static __always_inline void set_process(struct pm_bpf_task *r,
                                        struct task_struct *t, enum how how) {
  struct signal_struct *s = t->signal;
  set_outside(r, t, how);
  set_ended(&r->use, s);
  r->start_ns = t->start_boottime;
  r->prev_user_ns = s->prev_cputime.utime;
  r->prev_system_ns = s->prev_cputime.stime;
  r->reaped_faults = s->cmin_flt;
  r->maxrss = t->self_exec_id == t->parent_exec_id ? s->maxrss : 0;
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
