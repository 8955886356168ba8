/* The pid of a process in the namespace whose /proc is read. */
#ifndef PM_CORE_SAMPLER_BPF_NUMBER_BPF_H
#define PM_CORE_SAMPLER_BPF_NUMBER_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "settings.bpf.h"

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

/* The verifier accepts only literal indices. */
#define NUMBER_AT(pid, n)                                                      \
  ((pid)->level >= (n) && (pid)->numbers[n].ns->ns.inum == settings.ns_inum    \
       ? (__u32)(pid)->numbers[n].nr                                           \
       : 0)

/* 0: the process has no pid there. */
static __always_inline __u32 pid_of(struct task_struct *t) {
  if (settings.ns_level == 0)
    return t->tgid;
  struct pid *pid = t->group_leader->thread_pid;
  switch (settings.ns_level) { /* up to PM_BPF_NS_LEVELS */
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
