/* The records that the BPF programs hand to user space: of fixed size, shared
 * by *.bpf.c and user space, always built for the same machine.  Times are
 * in nanoseconds, memory in pages, I/O in bytes. */
#ifndef PM_CORE_SAMPLER_BPF_TASK_H
#define PM_CORE_SAMPLER_BPF_TASK_H

#include <linux/types.h>

enum {
  PM_BPF_COMM = 16,
  PM_BPF_NS_LEVELS = 3 /* nested pid namespaces that are tried */
};

/* Read-only data of every program, set before the load. */
struct pm_bpf_settings {
  /* The pid namespace whose pids are reported: how deep below the initial one
   * it is, and which one (0 of the initial one). */
  __u32 ns_level, ns_inum;
  __u32 may_probe; /* bpf_probe_read is allowed */
  __u32 part_max;  /* percpu_counter_batch of lib/percpu_counter.c */
};

/* Which numbers the running kernel has; the others are 0. */
enum pm_bpf_has {
  PM_BPF_HAS_MEMORY = 1,  /* pages by kind, in a layout that we know */
  PM_BPF_HAS_CHARS = 2,   /* io_*: CONFIG_TASK_XACCT */
  PM_BPF_HAS_BYTES = 4,   /* disk_*: CONFIG_TASK_IO_ACCOUNTING */
  PM_BPF_HAS_DELAY = 8,   /* CONFIG_SCHED_INFO */
  PM_BPF_HAS_CGROUP = 16, /* CONFIG_CGROUPS */
  PM_BPF_HAS_HUGETLB = 32 /* CONFIG_HUGETLB_PAGE */
};

/* The kinds of pages that mm_struct counts, as the kernel numbers them
 * (linux/mm_types_task.h).  Resident are all but those swapped out. */
enum pm_bpf_kind {
  PM_BPF_FILE,
  PM_BPF_ANON,
  PM_BPF_SWAP,
  PM_BPF_SHMEM,
  PM_BPF_KINDS
};

/* What one thread, or all threads of a process, used. */
struct pm_bpf_use {
  __u64 exec_ns;            /* by the scheduler: exact */
  __u64 user_ns, system_ns; /* by the tick: only their ratio is used */
  __u64 faults_minor, faults_major;
  __u64 switch_voluntary, switch_involuntary;
  __u64 io_read, io_write, disk_read, disk_write;
  __u64 delay_ns; /* runnable, waiting for a CPU; without ended threads */
};

/* What may change while a thread does not run; of the first thread, or, once
 * that has ended, of another one. */
struct pm_bpf_now {
  __u64 vsize, hugetlb;      /* hugetlb: not part of the others */
  __s64 count[PM_BPF_KINDS]; /* may be below 0 for a moment */
  __s32 parts[PM_BPF_KINDS]; /* what the CPUs hold that is not in the count */
  __u32 state, exit_state;   /* as in task_struct */
};

/* A process with its threads summed. */
struct pm_bpf_task {
  __u64 start_ns; /* after boot, suspended time included */
  struct pm_bpf_use use;
  __u64 prev_user_ns, prev_system_ns; /* the split that /proc showed last */
  __u64 reaped_faults;                /* of children waited for */
  __u64 cgroup;                       /* inode of its unified directory */
  __u64 maxrss;                       /* once ended; 0 = unknown */
  struct pm_bpf_now now;
  __u64 mark; /* differs once the first thread has run again */
  __u32 pid, ppid, threads;
  __u32 uid;        /* effective */
  __u32 ptrace_gid; /* see struct pm_task */
  __u32 flags;      /* PF_* */
  __u32 exec_id;    /* the low half of self_exec_id */
  __u32 status;     /* of wait4(2), once every thread has ended */
  __u16 has;        /* enum pm_bpf_has */
  __u16 oom;        /* it was the OOM killer's victim */
  char comm[PM_BPF_COMM];
};

/* The argument of the open-coded walk. */
struct pm_bpf_walk {
  __u32 turn;  /* in: decides which rows are read whole in any case */
  __u32 tidy;  /* in: leave no holes */
  __u32 rows;  /* out: rows that are needed; those without a pid are holes */
  __u32 tasks; /* out: threads of all processes */
};

/* Of one dump by the task iterator.  Rows [0, next) are in the order of pids,
 * those without a pid are holes; the last `spilled` rows of the room hold the
 * other processes.  If they meet, there was no room for all. */
struct pm_bpf_dump {
  __u32 turn;    /* in: as above */
  __u32 room;    /* in: rows of the array */
  __u32 end;     /* in: `next` of the last dump; 0 = leave no holes */
  __u32 next;    /* in: 0; out: where the rows end */
  __u32 spilled; /* in: 0; out */
  __u32 tasks;   /* in: 0; out: threads of all processes */
};

/* One thread of a process that has several, in the output of the task iterator,
 * where they do not follow each other.  The row of such a process holds what
 * its ended threads used. */
struct pm_bpf_piece {
  __u32 pid;      /* of the process */
  __u32 row;      /* from 1, of the first thread; else 0 */
  __u64 ended_ns; /* exec_ns of ended threads at that moment */
  struct pm_bpf_use use;
  struct pm_bpf_now now;
};

#endif
