/* How an object of BPF programs is loaded: what its parts share.  libbpf's own
 * object, and the kernel's types that it reads, are freed before a load
 * returns; what stays is a handful of descriptors and shared memory.  Belongs
 * to the tick's thread. */
#ifndef PM_CORE_SAMPLER_BPF_LOAD_H
#define PM_CORE_SAMPLER_BPF_LOAD_H

#include "base/err.h"

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct pm_bpf_task;

/* What must be known before the load. */
struct pm_bpf_setup {
  /* The pid namespace whose pids are reported: level 0 is the initial one;
   * inum, of any other, is the inode number of /proc/PID/ns/pid
   * (namespaces(7)). */
  uint32_t ns_level, ns_inum;
  bool locked_down; /* no bpf_probe_read is allowed, lockdown(7) */
  bool approximate; /* the programs that read memory as stat(5) shows it */
};

/* A load that is under way: what of the process is changed meanwhile. */
struct pm_bpf_load {
  struct bpf_object *object;
  libbpf_print_fn_t print;
  struct rlimit memlock;
};

/* elf: an object of ours.  0, or -errno; pm_bpf_load_end must follow either. */
int pm_bpf_load_begin(struct pm_bpf_load *load, const void *elf, size_t size,
                      struct pm_bpf_setup setup);

/* Frees the object.  status: of all since pm_bpf_load_begin, and what comes
 * back; below 0, err says that the program that does `what` was not loaded. */
int pm_bpf_load_end(const struct pm_bpf_load *load, int status,
                    const char *what, struct pm_err *err);

/* By their names in *.bpf.c, in an object that has been opened. */
struct bpf_map *pm_bpf_map(const struct pm_bpf_load *load, const char *name);
struct bpf_program *pm_bpf_program(const struct pm_bpf_load *load,
                                   const char *name);

/* A copy that the caller closes, out of the way of select(2), so that libbpf's
 * object can be freed.  -1 with errno. */
int pm_bpf_keep(int fd);

/* NULL with errno. */
void *pm_bpf_share(const struct bpf_map *map, size_t bytes, int protection);

/* The rows, with room for so many; to be shared read-only. */
void pm_bpf_set_room(const struct pm_bpf_load *load, uint32_t room);
struct pm_bpf_task *pm_bpf_share_rows(const struct pm_bpf_load *load,
                                      uint32_t room);
void pm_bpf_free_rows(struct pm_bpf_task *rows, uint32_t room);

#endif
