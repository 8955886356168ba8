/* The task iterator over all threads (Linux 5.8).  Belongs to the tick's
 * thread.
 */
#ifndef PM_CORE_SAMPLER_BPF_DUMPER_H
#define PM_CORE_SAMPLER_BPF_DUMPER_H

#include "base/err.h"
#include "core/sampler/bpf/load.h"

#include <stdbool.h>
#include <stdint.h>

struct pm_bpf_dump;

/* rows and dump: written by the kernel while the descriptor of
 * pm_bpf_dumper_run is read and at no other time. */
struct pm_bpf_dumper {
  int link; /* -1 = not loaded */
  struct pm_bpf_task *rows;
  struct pm_bpf_dump *dump;
  uint32_t room; /* rows */
};

#define PM_BPF_DUMPER_INIT                                                     \
  { .link = -1 }

/* As pm_bpf_walker_open. */
int pm_bpf_dumper_open(struct pm_bpf_dumper *dumper, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err);

/* Also one that was never opened. */
void pm_bpf_dumper_close(struct pm_bpf_dumper *dumper);

/* Returns a descriptor, the caller's, from which the pieces of one dump are
 * read.  At its end the rows are complete, and *dump has where they are.  tidy:
 * leave no holes. */
int pm_bpf_dumper_run(struct pm_bpf_dumper *dumper, bool tidy,
                      struct pm_err *err);

#endif
