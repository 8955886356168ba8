/* The user of a process, and with which gid that user may read it. */
#ifndef PM_CORE_SAMPLER_BPF_OWNER_BPF_H
#define PM_CORE_SAMPLER_BPF_OWNER_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "task.h"

typedef struct {
  __u32 val;
} kuid_t, kgid_t;

/* Its member was renamed in 6.3 (f122a08b197d); it has 64 bits in any case. */
struct kernel_cap {
  __u64 bits;
};

struct cred {
  kuid_t uid, suid, euid;
  kgid_t gid, sgid, egid;
  struct kernel_cap cap_permitted;
} OF_THE_KERNEL;

/* As pm_ptrace_gid() of core/record/task.h, which explains it. */
static __always_inline void set_owner(struct pm_bpf_task *r,
                                      struct task_struct *t) {
  const struct cred *c = t->cred;
  __u32 uid = c->euid.val, gid = c->egid.val;
  __u64 capable = *(const __u64 *)&c->cap_permitted;
  _Bool plain = c->uid.val == uid && c->suid.val == uid && c->gid.val == gid &&
                c->sgid.val == gid && !capable;
  r->uid = uid;
  r->ptrace_gid = plain ? gid : (__u32)-1;
}

#endif
