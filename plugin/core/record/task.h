/* The record of one process that every sampler makes, in the same units, and
 * the sink that takes such records. */
#ifndef PM_CORE_RECORD_TASK_H
#define PM_CORE_RECORD_TASK_H

#include "core/record/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PM_COMM = 16,  /* TASK_COMM_LEN, sched.h: 15 bytes and a NUL */
  PM_BATCH = 256 /* the most records in one call of a sink */
};

#define PM_NO_GID UINT32_MAX

#define PM_PF_KTHREAD UINT32_C(0x00200000) /* of include/linux/sched.h */

enum pm_task_flag {
  PM_TASK_KERNEL = 1,       /* PF_KTHREAD */
  PM_TASK_OWNER = 2,        /* uid is known */
  PM_TASK_CGROUP = 4,       /* cgroup is known */
  PM_TASK_ENDED = 8,        /* every thread has ended: status is known */
  PM_TASK_OOM = 16,         /* chosen by the OOM killer */
  PM_TASK_PASSED_OVER = 32, /* not read this time; birth is 0 */
  PM_TASK_SAME = 64, /* then: its pidfd says that it is the one of that pid */
};

struct pm_task {
  int32_t pid, ppid;
  /* Start in clock ticks after boot, stat field 22.  (pid, birth) is the
   * identity.  0 = the process exists but could not be read: what is known of
   * it is neither updated nor forgotten. */
  uint64_t birth;
  uint64_t reaped_faults; /* of children waited for, stat field 11 */
  uint32_t have;          /* PM_BIT of each valid v[] */
  uint32_t flags;         /* enum pm_task_flag */
  uint32_t uid;           /* effective */
  uint32_t ptrace_gid;    /* see pm_ptrace_gid; known with uid */
  uint32_t status;        /* of wait4(2) */
  uint32_t exec_mark;     /* changes at execve(2); 0 = not known */
  uint64_t cgroup;        /* inode of its directory, unified hierarchy */
  uint64_t maxrss_bytes;  /* peak of resident memory, once ended; 0 = unknown */
  char state;             /* letter of stat field 3 */
  char comm[PM_COMM];     /* any bytes but NUL */
  uint64_t v[PM_F_COUNT];
};

/* A process that is gone: its final numbers. */
struct pm_death {
  struct pm_task last; /* have: counters only; ended */
  uint64_t end_ns;     /* after boot, when it was freed (or exited, missed.h) */
  uint64_t parent_birth; /* the parent is (last.ppid, this), or not known */
  uint32_t parent_mark;  /* exec_mark of the parent at the fork */
};

/* Takes what scan and drain push.  Batches of at most PM_BATCH, in no
 * particular order; the array is the sampler's and valid during the call. */
struct pm_sink {
  void (*tasks)(void *arg, const struct pm_task *batch, size_t n);
  void (*deaths)(void *arg, const struct pm_death *batch, size_t n);
  void *arg;
};

/* The gid with which the process's own user may read it (PTRACE_MODE_READ of
 * ptrace(2)) without capabilities: only where all its ids are equal and it has
 * no capabilities.  Else PM_NO_GID. */
static inline uint32_t pm_ptrace_gid(const uint32_t uids[3],
                                     const uint32_t gids[3],
                                     uint64_t permitted) {
  bool plain = uids[0] == uids[1] && uids[0] == uids[2] && gids[0] == gids[1] &&
               gids[0] == gids[2] && !permitted;
  return plain ? gids[0] : PM_NO_GID;
}

static inline void pm_task_set(struct pm_task *t, enum pm_field f, uint64_t v) {
  t->v[f] = v;
  t->have |= PM_BIT(f);
}

#endif
