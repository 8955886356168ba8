/* The pid of a process in the namespace whose /proc is read. */
#ifndef PM_CORE_SAMPLER_BPF_NUMBER_BPF_H
#define PM_CORE_SAMPLER_BPF_NUMBER_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"

struct ns_common {
  unsigned int inum;
} OF_THE_KERNEL;

struct pid_namespace {
  struct ns_common ns;
} OF_THE_KERNEL;

struct upid {
  int nr;
  struct pid_namespace *ns;
} OF_THE_KERNEL;

struct pid {
  unsigned int level;
  struct upid numbers[]; /* since 6.5, b69f0aeb0689; before only [0] is seen */
} OF_THE_KERNEL;

/* Set before the load, so that the choice costs nothing: how deep below the
 * initial namespace it is, and which one it is (struct pm_bpf_setup). */
const volatile __u32 ns_level = 0, ns_inum = 0;

/* The verifier accepts only literal indices. */
#define NUMBER_AT(pid, n)                                                      \
  ((pid)->level >= (n) && (pid)->numbers[n].ns->ns.inum == ns_inum             \
       ? (__u32)(pid)->numbers[n].nr                                           \
       : 0)

/* 0: the process has no pid there. */
static __always_inline __u32 pid_of(struct task_struct *t) {
  if (ns_level == 0)
    return t->tgid;
  struct pid *pid = t->group_leader->thread_pid;
  switch (ns_level) { /* up to PM_BPF_NS_LEVELS */
  case 1:
    return NUMBER_AT(pid, 1);
  case 2:
    return NUMBER_AT(pid, 2);
  case 3:
    return NUMBER_AT(pid, 3);
  }
  return 0;
}

#endif
