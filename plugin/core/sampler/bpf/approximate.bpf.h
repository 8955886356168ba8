/* The memory of a process where there are no kfuncs, or no exact sum is needed.
 *
 * An object that names a kfunc, even one that it does without, makes libbpf
 * before 1.3 (3f33f9a6b8f7) look for it in the kernel's modules, which takes
 * CAP_SYS_ADMIN (BPF_BTF_GET_NEXT_ID).  So the programs for older kernels are
 * objects of their own, and none of what includes this may name one. */
#ifndef PM_CORE_SAMPLER_BPF_APPROXIMATE_BPF_H
#define PM_CORE_SAMPLER_BPF_APPROXIMATE_BPF_H

#include "memory.bpf.h"
#include "process.bpf.h"

static __always_inline void set_pages(struct pm_bpf_now *n,
                                      struct mm_struct *mm, enum how how) {
  (void)how;
  set_approximate(n, mm);
}

#endif
