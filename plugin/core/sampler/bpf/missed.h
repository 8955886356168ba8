/* Processes with an exit record whose death record never came (see procman_exit
 * in exit.bpf.c): reported from their exit record once their pid is free. */
#ifndef PM_CORE_SAMPLER_BPF_MISSED_H
#define PM_CORE_SAMPLER_BPF_MISSED_H

#include "core/sampler/bpf/death.h"

#include <stdbool.h>
#include <stddef.h>

struct pm_bpf_missed {
  __u64 *exiting; /* (borrowed) PM_BPF_EXITING places, written by the kernel */
  /* No process has that pid.  NULL: unknown, and nothing is reported. */
  bool (*pid_is_free)(__u32 pid);
  /* Copies the exit record of a place; 0 if there is one. */
  int (*read_record)(void *source, __u32 place, struct pm_bpf_death *ret);
  void *source;
  int (*on_death)(void *sink, void *record, size_t size);
  void *sink;
  __u64 checked_ns; /* mono of the last check */
};

/* Checks all places, at most about once a second of now_ns (CLOCK_MONOTONIC).
 * A process is reported at the second check that finds its pid free: a death
 * record that was under way at the first has come by then.  tail_ns: what
 * processes use after their exit record, on average. */
void pm_bpf_missed_report(struct pm_bpf_missed *missed, __u64 now_ns,
                          __u64 tail_ns);

#endif
