/* What is known before the load (struct pm_bpf_setup of load.h). */
#ifndef PM_CORE_SAMPLER_BPF_SETTINGS_BPF_H
#define PM_CORE_SAMPLER_BPF_SETTINGS_BPF_H

#include "task.h"

/* Constant to the verifier, so that a choice by it costs nothing. */
const volatile struct pm_bpf_settings settings = {0};

#endif
