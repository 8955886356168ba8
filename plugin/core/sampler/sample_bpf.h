/* The sampler by BPF programs: exact CPU time, I/O and scheduling delay of
 * every process, and a record of each that ended (Linux 5.8; the cheaper walk
 * needs 6.7). */
#ifndef PM_CORE_SAMPLER_SAMPLE_BPF_H
#define PM_CORE_SAMPLER_SAMPLE_BPF_H

#include "core/sampler/sampler.h"

extern const struct pm_sampler_ops pm_sample_bpf;

/* A machine with more threads than this is dumped, not walked: the walk is one
 * RCU section. */
enum { PM_BPF_WALK_MAX = 50000 };

/* pm_sample_bpf.open with another limit than PM_BPF_WALK_MAX; 0: always dump.
 */
int pm_sample_bpf_open(const struct pm_root *root, struct pm_reader *reader,
                       uint32_t walk_max, struct pm_sampler *ret,
                       struct pm_err *err);

#endif
