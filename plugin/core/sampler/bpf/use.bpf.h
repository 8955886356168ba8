/* What one thread uses, and what a process's ended threads used. */
#ifndef PM_CORE_SAMPLER_BPF_USE_BPF_H
#define PM_CORE_SAMPLER_BPF_USE_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "task.h"

static __always_inline void add_own(struct pm_bpf_use *u,
                                    struct task_struct *t) {
  u->exec_ns += t->se.sum_exec_runtime;
  u->user_ns += t->utime;
  u->system_ns += t->stime;
  u->faults_minor += t->min_flt;
  u->faults_major += t->maj_flt;
  u->switch_voluntary += t->nvcsw;
  u->switch_involuntary += t->nivcsw;
  if (HAS(t->ioac.rchar)) {
    u->io_read += t->ioac.rchar;
    u->io_write += t->ioac.wchar;
  }
  if (HAS(t->ioac.read_bytes)) {
    u->disk_read += t->ioac.read_bytes;
    u->disk_write += t->ioac.write_bytes;
  }
  if (HAS(t->sched_info.run_delay))
    u->delay_ns += t->sched_info.run_delay;
}

static __always_inline void set_ended(struct pm_bpf_use *u,
                                      struct signal_struct *s) {
  u->exec_ns = s->sum_sched_runtime;
  u->user_ns = s->utime;
  u->system_ns = s->stime;
  u->faults_minor = s->min_flt;
  u->faults_major = s->maj_flt;
  u->switch_voluntary = s->nvcsw;
  u->switch_involuntary = s->nivcsw;
  u->io_read = u->io_write = u->disk_read = u->disk_write = 0;
  if (HAS(s->ioac.rchar)) {
    u->io_read = s->ioac.rchar;
    u->io_write = s->ioac.wchar;
  }
  if (HAS(s->ioac.read_bytes)) {
    u->disk_read = s->ioac.read_bytes;
    u->disk_write = s->ioac.write_bytes;
  }
  u->delay_ns = 0;
}

#endif
