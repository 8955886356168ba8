/* The rows of the processes, which stay where they are from one scan to the
 * next. Nearly every process of a large machine has slept since the last one: a
 * row whose process shows the same start, switches and run time keeps what it
 * has, and only what can change while it sleeps is read again. */
#ifndef PM_CORE_SAMPLER_BPF_ROWS_BPF_H
#define PM_CORE_SAMPLER_BPF_ROWS_BPF_H

#include <bpf/bpf_helpers.h>

#include "process.bpf.h"

enum {
  AHEAD = 4, /* rows that are checked to find a process again */
  ANEW = 32, /* turns after which a row is read whole at the latest */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1); /* pm_bpf_set_room() says how many */
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct pm_bpf_task);
} procman_rows SEC(".maps");

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

#endif
