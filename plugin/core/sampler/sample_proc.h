/* The sampler over /proc: one stat per process and scan, opened anew. */
#ifndef PM_CORE_SAMPLER_SAMPLE_PROC_H
#define PM_CORE_SAMPLER_SAMPLE_PROC_H

#include "core/sampler/sampler.h"

extern const struct pm_sampler_ops pm_sample_proc;

#endif
