/* The kernel's records as ours.  Pure; sources: kernel/sched/cputime.c
 * (cputime_adjust), fs/proc/array.c (do_task_stat), include/linux/sched.h. */
#ifndef PM_CORE_SAMPLER_BPF_RECORD_H
#define PM_CORE_SAMPLER_BPF_RECORD_H

#include "base/units.h"
#include "core/record/task.h"
#include "core/sampler/bpf/death.h"

/* PM_BIT of the fields that such records fill. */
uint32_t pm_bpf_gives(const struct pm_bpf_task *task);

void pm_bpf_to_task(const struct pm_bpf_task *from, struct pm_units units,
                    struct pm_task *ret);
void pm_bpf_to_death(const struct pm_bpf_death *from, struct pm_units units,
                     struct pm_death *ret);

/* Adds one thread's use to its process's. */
void pm_bpf_add_use(struct pm_bpf_use *sum, const struct pm_bpf_use *use);

/* a * b / c, rounded down, of which the result fits 64 bits; c > 0.  For
 * machines whose compilers have no 128 bits. */
uint64_t pm_bpf_mul_div_long(uint64_t a, uint64_t b, uint64_t c);

#endif
