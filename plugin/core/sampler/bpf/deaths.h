/* The records of processes that ended (Linux 5.8).  Belongs to the tick's
 * thread.
 */
#ifndef PM_CORE_SAMPLER_BPF_DEATHS_H
#define PM_CORE_SAMPLER_BPF_DEATHS_H

#include "base/err.h"
#include "base/now.h"
#include "core/sampler/bpf/load.h"
#include "core/sampler/bpf/missed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_buffer;

struct pm_bpf_deaths {
  int on_free, on_exit, counts, exits; /* links and maps; -1 = not loaded */
  struct ring_buffer *ring;
  struct pm_bpf_missed missed;
  uint64_t lost; /* so far */
};

#define PM_BPF_DEATHS_INIT                                                     \
  { .on_free = -1, .on_exit = -1, .counts = -1, .exits = -1 }

/* As pm_bpf_walker_open.  on_death is called with each record by
 * pm_bpf_deaths_drain.  own_pids: our own pids are the initial namespace's, so
 * kill(2) can check one. */
int pm_bpf_deaths_open(struct pm_bpf_deaths *deaths, struct pm_bpf_setup setup,
                       bool own_pids,
                       int (*on_death)(void *arg, void *record, size_t size),
                       void *arg, struct pm_err *err);

/* Also one that was never opened. */
void pm_bpf_deaths_close(struct pm_bpf_deaths *deaths);

/* Adds to *lost the records since the last call for which there was no room. */
int pm_bpf_deaths_drain(struct pm_bpf_deaths *deaths, struct pm_now now,
                        uint64_t *lost, struct pm_err *err);

#endif
