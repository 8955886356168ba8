/* The open-coded walk over all processes (Linux 6.7).  Belongs to the tick's
 * thread. */
#ifndef PM_CORE_SAMPLER_BPF_WALKER_H
#define PM_CORE_SAMPLER_BPF_WALKER_H

#include "base/err.h"
#include "core/sampler/bpf/load.h"

#include <stdint.h>

/* rows: written by the kernel during pm_bpf_walker_run and at no other time. */
struct pm_bpf_walker {
  int prog; /* -1 = not loaded */
  struct pm_bpf_task *rows;
  uint32_t room; /* rows */
  uint32_t turn;
};

#define PM_BPF_WALKER_INIT                                                     \
  { .prog = -1 }

/* -errno: the kernel lacks it or does not permit it; err names the program
 * and has libbpf's first warning. */
int pm_bpf_walker_open(struct pm_bpf_walker *walker, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err);

/* Also one that was never opened. */
void pm_bpf_walker_close(struct pm_bpf_walker *walker);

/* Walks once.  Returns the number of rows; if it is above the room, the walk is
 * incomplete.  *tasks becomes the number of threads.  tidy: leave no holes. */
int64_t pm_bpf_walker_run(struct pm_bpf_walker *walker, int tidy,
                          uint32_t *tasks, struct pm_err *err);

#endif
