/* The memory of a process as stat(5) shows it: without what is not in the
 * common counts yet. */
#ifndef PM_CORE_SAMPLER_BPF_MEMORY_BPF_H
#define PM_CORE_SAMPLER_BPF_MEMORY_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "settings.bpf.h"
#include "task.h"

/* Macros because an index is only relocated where it is a constant. */
#define COUNT(mm, which) ((mm)->rss_stat[which].count)

/* Before 6.2 the counters are an array of a typedef, and the verifier rejects a
 * plain load of its elements ("Type 'atomic_long_t' is not a struct").  Where
 * the kernel is locked down and so has no bpf_probe_read, memory is not known.
 */
static __always_inline __s64 probed(const void *at) {
  __s64 n = 0;
  if (settings.may_probe)
    bpf_probe_read_kernel(&n, sizeof n, at);
  return n;
}

#define OLD(mm) ((struct mm_struct___61 *)(mm))
#define PAGES(mm, which)                                                       \
  (HAS(COUNT(mm, 0)) ? COUNT(mm, which)                                        \
   : HAS(OLD(mm)->rss_stat.count[0].counter)                                   \
       ? probed(&OLD(mm)->rss_stat.count[which].counter)                       \
       : 0)

#define HAS_MEMORY(mm)                                                         \
  (HAS(COUNT(mm, 0)) ||                                                        \
   (settings.may_probe && HAS(OLD(mm)->rss_stat.count[0].counter)))

static __always_inline void set_approximate(struct pm_bpf_now *n,
                                            struct mm_struct *mm) {
  n->count[PM_BPF_FILE] = PAGES(mm, PM_BPF_FILE);
  n->count[PM_BPF_ANON] = PAGES(mm, PM_BPF_ANON);
  n->count[PM_BPF_SWAP] = PAGES(mm, PM_BPF_SWAP);
  n->count[PM_BPF_SHMEM] = PAGES(mm, PM_BPF_SHMEM);
  __builtin_memset(n->parts, 0, sizeof n->parts);
}

#endif
