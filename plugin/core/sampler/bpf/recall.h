/* Processes that left their last words and of which the kernel's record never
 * came (see `leaves` in task.bpf.c): told by their last words once their pid
 * is nobody's any more. */
#ifndef PM_CORE_SAMPLER_BPF_RECALL_H
#define PM_CORE_SAMPLER_BPF_RECALL_H

#include "core/sampler/bpf/task.h"

#include <stdbool.h>
#include <stddef.h>

struct pm_bpf_recall {
  __u64 *leaving; /* (borrowed) PM_BPF_LEAVING places, written by the kernel */
  /* No process has that pid.  NULL: it cannot be told, and nothing is. */
  bool (*is_nobody)(__u32 pid);
  /* 0 if words are there */
  int (*words)(void *source, __u32 place, struct pm_bpf_death *ret);
  void *source;
  int (*on_death)(void *sink, void *record, size_t size);
  void *sink;
  __u64 looked_ns; /* the last time */
};

/* Looks at all places, at most once a second of now_ns (CLOCK_MONOTONIC).  A
 * process is told with the second look that finds its pid free, so that a
 * record under way has come until then.  tail_ns: what processes use after
 * their last words, on average. */
void pm_bpf_recall(struct pm_bpf_recall *recall, __u64 now_ns, __u64 tail_ns);

#endif
