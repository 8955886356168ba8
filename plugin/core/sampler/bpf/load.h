/* The BPF programs as descriptors.  libbpf's own objects, and the kernel's
 * types that it reads to load them, are freed before these functions return;
 * what stays is a handful of descriptors and shared memory.  Belongs to the
 * tick's thread. */
#ifndef PM_CORE_SAMPLER_BPF_LOAD_H
#define PM_CORE_SAMPLER_BPF_LOAD_H

#include "base/err.h"
#include "base/now.h"
#include "core/sampler/bpf/missed.h"

#include <stddef.h>
#include <stdint.h>

struct pm_bpf_task;
struct pm_bpf_dump;
struct ring_buffer;

/* What must be known before the load. */
struct pm_bpf_setup {
  /* The pid namespace whose pids are reported: level 0 is the initial one;
   * inum, of any other, is the inode number of /proc/PID/ns/pid
   * (namespaces(7)). */
  uint32_t ns_level, ns_inum;
  bool locked_down; /* no bpf_probe_read is allowed, lockdown(7) */
  bool approximate; /* the programs that read memory as stat(5) shows it */
};

/* The open-coded walk (Linux 6.7).  rows: written by the kernel during
 * pm_bpf_walker_run and at no other time. */
struct pm_bpf_walker {
  int prog; /* -1 = not loaded */
  struct pm_bpf_task *rows;
  uint32_t room; /* rows */
  uint32_t turn;
};

/* The task iterator (Linux 5.8).  rows and dump: written by the kernel while
 * the descriptor of pm_bpf_dumper_run is read and at no other time. */
struct pm_bpf_dumper {
  int link; /* -1 = not loaded */
  struct pm_bpf_task *rows;
  struct pm_bpf_dump *dump;
  uint32_t room; /* rows */
};

/* The records of processes that ended (Linux 5.8). */
struct pm_bpf_deaths {
  int on_free, on_exit, counts, exits; /* links and maps; -1 = not loaded */
  struct ring_buffer *ring;
  struct pm_bpf_missed missed;
  uint64_t lost; /* so far */
};

#define PM_BPF_WALKER_INIT                                                     \
  { .prog = -1 }
#define PM_BPF_DUMPER_INIT                                                     \
  { .link = -1 }
#define PM_BPF_DEATHS_INIT                                                     \
  { .on_free = -1, .on_exit = -1, .counts = -1, .exits = -1 }

/* -errno: the kernel lacks it or does not permit it; err names the program
 * and has libbpf's first warning. */
int pm_bpf_walker_open(struct pm_bpf_walker *walker, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err);
int pm_bpf_dumper_open(struct pm_bpf_dumper *dumper, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err);

/* on_death is called with each record by pm_bpf_deaths_drain.  own_pids: our
 * own pids are the initial namespace's, so kill(2) can check one. */
int pm_bpf_deaths_open(struct pm_bpf_deaths *deaths, struct pm_bpf_setup setup,
                       bool own_pids,
                       int (*on_death)(void *arg, void *record, size_t size),
                       void *arg, struct pm_err *err);

/* All accept one that was never opened. */
void pm_bpf_walker_close(struct pm_bpf_walker *walker);
void pm_bpf_dumper_close(struct pm_bpf_dumper *dumper);
void pm_bpf_deaths_close(struct pm_bpf_deaths *deaths);

/* Walks once.  Returns the number of rows; if it is above the room, the walk is
 * incomplete.  *tasks becomes the number of threads.  tidy: leave no holes. */
int64_t pm_bpf_walker_run(struct pm_bpf_walker *walker, int tidy,
                          uint32_t *tasks, struct pm_err *err);

/* Returns a descriptor, the caller's, from which the pieces of one dump are
 * read.  At its end the rows are complete, and *dump has where they are.  tidy:
 * leave no holes. */
int pm_bpf_dumper_run(struct pm_bpf_dumper *dumper, bool tidy,
                      struct pm_err *err);

/* Adds to *lost the records since the last call for which there was no room. */
int pm_bpf_deaths_drain(struct pm_bpf_deaths *deaths, struct pm_now now,
                        uint64_t *lost, struct pm_err *err);

#endif
