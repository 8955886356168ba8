/* The parts of the kernel's structs that *.bpf.c reads.  Offsets are
 * those of the running kernel: libbpf puts them in at load (CO-RE), so only
 * names and types matter here.  A struct with ___ in its name is the layout of
 * other kernel versions. */
#ifndef PM_CORE_SAMPLER_BPF_KERNEL_BPF_H
#define PM_CORE_SAMPLER_BPF_KERNEL_BPF_H

#include <linux/types.h>

#define OF_THE_KERNEL __attribute__((preserve_access_index))

/* Does the running kernel have that field?  Decided at load; the verifier skips
 * the other branch (BPF_FIELD_EXISTS of libbpf's relocations). */
#define HAS(field) __builtin_preserve_field_info(field, 2)

struct kernfs_node {
  __u64 id;
} OF_THE_KERNEL;

struct cgroup {
  struct kernfs_node *kn;
} OF_THE_KERNEL;

struct css_set {
  struct cgroup *dfl_cgrp;
} OF_THE_KERNEL;

struct percpu_counter {
  __s64 count;
  __s32 *counters;
} OF_THE_KERNEL;

struct atomic_long {
  __s64 counter;
};

struct mm_struct {
  unsigned long total_vm, hiwater_rss;
  struct atomic_long hugetlb_usage;
  struct percpu_counter rss_stat[4]; /* since 6.2, f1a7941243c1 */
} OF_THE_KERNEL;

struct mm_rss_stat___61 {
  struct atomic_long count[4];
} OF_THE_KERNEL;

struct mm_struct___61 {
  struct mm_rss_stat___61 rss_stat;
} OF_THE_KERNEL;

struct task_io_accounting {
  __u64 rchar, wchar, read_bytes, write_bytes;
} OF_THE_KERNEL;

struct prev_cputime {
  __u64 utime, stime;
} OF_THE_KERNEL;

struct sched_entity {
  __u64 sum_exec_runtime;
} OF_THE_KERNEL;

struct sched_info {
  unsigned long long run_delay;
} OF_THE_KERNEL;

struct atomic {
  int counter;
};

struct signal_struct {
  struct atomic live;
  int nr_threads;
  int group_exit_code;
  unsigned int flags;
  __u64 utime, stime;
  struct prev_cputime prev_cputime;
  unsigned long nvcsw, nivcsw, min_flt, maj_flt, cmin_flt, maxrss;
  struct task_io_accounting ioac;
  unsigned long long sum_sched_runtime;
  struct mm_struct *oom_mm;
} OF_THE_KERNEL;

struct task_struct {
  unsigned int __state; /* since 5.14, 2f064a59a11f */
  unsigned int flags;
  struct sched_entity se;
  struct sched_info sched_info;
  struct mm_struct *mm;
  int exit_state, exit_code;
  int pid, tgid;
  struct task_struct *real_parent, *group_leader;
  struct pid *thread_pid;
  __u64 utime, stime;
  unsigned long nvcsw, nivcsw;
  __u64 start_boottime;
  unsigned long min_flt, maj_flt;
  const struct cred *cred;
  char comm[16];
  struct signal_struct *signal;
  __u64 parent_exec_id, self_exec_id;
  struct task_io_accounting ioac;
  struct css_set *cgroups;
} OF_THE_KERNEL;

struct task_struct___513 {
  volatile long state;
} OF_THE_KERNEL;

#endif
