/* What the BPF programs hand to user space of processes that have ended, as in
 * task.h. */
#ifndef PM_CORE_SAMPLER_BPF_DEATH_H
#define PM_CORE_SAMPLER_BPF_DEATH_H

#include "task.h"

/* The death record: made when the process is freed, or at its exit. */
struct pm_bpf_death {
  struct pm_bpf_task task;
  __u64 end_ns;          /* after boot, when it was made */
  __u64 parent_start_ns; /* tells it from a later process with its pid */
  __u32 parent_exec_id;  /* exec_id of its parent when it was forked */
};

enum pm_bpf_count {
  PM_BPF_LOST,    /* death records for which there was no room */
  PM_BPF_TAIL_NS, /* what a process of one thread uses after its exit
                   * record, on average */
  PM_BPF_COUNTS
};

/* Processes with an exit record whose death record has not come; the place is
 * pid % PM_BPF_EXITING.  The marks are set by user space. */
enum {
  PM_BPF_EXITING = 8192,
  PM_BPF_GONE = 1 << 30,     /* no process has this pid any more */
  PM_BPF_REPORTED = 1 << 29, /* reported from its exit record */
  PM_BPF_MARKS = PM_BPF_GONE | PM_BPF_REPORTED
};

#endif
