/* Processes that left their exit record and of which the kernel's record never
 * came (see procman_exit in task.bpf.c): told by their exit record once their
 * pid is nobody's any more. */
#ifndef PM_CORE_SAMPLER_BPF_MISSED_H
#define PM_CORE_SAMPLER_BPF_MISSED_H

#include "core/sampler/bpf/task.h"

#include <stdbool.h>
#include <stddef.h>

struct pm_bpf_missed {
  __u64 *exiting; /* (borrowed) PM_BPF_EXITING places, written by the kernel */
  /* No process has that pid.  NULL: it cannot be told, and nothing is. */
  bool (*is_nobody)(__u32 pid);
  /* 0 if words are there */
  int (*read_record)(void *source, __u32 place, struct pm_bpf_death *ret);
  void *source;
  int (*on_death)(void *sink, void *record, size_t size);
  void *sink;
  __u64 looked_ns; /* the last time */
};

/* Looks at all places, at most once a second of now_ns (CLOCK_MONOTONIC).  A
 * process is told with the second look that finds its pid free, so that a
 * record under way has come until then.  tail_ns: what processes use after
 * their exit record, on average. */
void pm_bpf_missed_report(struct pm_bpf_missed *missed, __u64 now_ns,
                          __u64 tail_ns);

#endif
