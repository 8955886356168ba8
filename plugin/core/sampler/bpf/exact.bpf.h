/* The memory of a process as an exact sum.  Since 6.2 (f1a7941243c1) a counter
 * of mm_struct has a common count, and for each CPU what is not in it yet.
 *
 * An object that includes this loads only where there are kfuncs: it takes 6.2,
 * and before 6.1 no program with a call of a missing one (a5d827275241). */
#ifndef PM_CORE_SAMPLER_BPF_EXACT_BPF_H
#define PM_CORE_SAMPLER_BPF_EXACT_BPF_H

#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "memory.bpf.h"
#include "process.bpf.h"
#include "settings.bpf.h"
#include "task.h"

struct bpf_array { /* a map */
  void *pptrs[1];  /* per-CPU pointers to its elements */
} OF_THE_KERNEL;

struct list_head {
  struct list_head *next;
} OF_THE_KERNEL;

struct seqcount {
  unsigned int sequence;
} OF_THE_KERNEL;

#define HAS_PARTS(mm) HAS((mm)->rss_stat[0].counters)
#define PARTS_AT(mm, which) ((__u64)(mm)->rss_stat[which].counters)

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;

/* Reads kernel memory at any address, and 0 where there is none; the struct
 * says how many bits (BPF_TYPE_ID_TARGET of libbpf's relocations). */
#define AT(type, address)                                                      \
  ((const type *)bpf_rdonly_cast((const void *)(address),                      \
                                 (__u32)__builtin_btf_type_id(*(type *)0, 1)))

/* A per-CPU pointer becomes an address by adding an offset, the same for all.
 * The kernel's own array of them is in no BTF; here both are known. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} procman_percpu SEC(".maps");

static __always_inline __u64 percpu_pointer(void) {
  const struct bpf_array *a = AT(struct bpf_array, &procman_percpu);
  return (__u64)AT(struct list_head, &a->pptrs)->next; /* any pointer */
}

/* The sums over all CPUs. */
struct parts {
  __u64 pointer, at[PM_BPF_KINDS]; /* per-CPU pointers: to the map, to each
                                      counter's parts */
  __s32 sum[PM_BPF_KINDS];
};

/* A part is smaller than part_max: what is not was read from memory that was
 * given back meanwhile. */
static __always_inline __s32 part_at(__u64 at) {
  __s32 n = (__s32)AT(struct seqcount, at)->sequence;
  return (__u32)n + settings.part_max > 2 * settings.part_max ? 0 : n;
}

static long add_part(__u32 cpu, void *arg) {
  struct parts *p = arg;
  __u32 zero = 0;
  const char *here = bpf_map_lookup_percpu_elem(&procman_percpu, &zero, cpu);
  if (!here)
    return 1; /* there are no more CPUs */
  /* the verifier makes numbers of pointers where both are pointers */
  __u64 offset = (__u64)(here - (const char *)AT(struct seqcount, p->pointer));
#pragma unroll
  for (int kind = 0; kind < PM_BPF_KINDS; kind++)
    p->sum[kind] += part_at(p->at[kind] + offset);
  return 0;
}

static __always_inline void set_parts(struct pm_bpf_now *n,
                                      struct mm_struct *mm) {
  enum { CPUS = 8192 }; /* the most that Linux knows, NR_CPUS of x86 */
  struct parts p = {.pointer = percpu_pointer(),
                    .at = {PARTS_AT(mm, PM_BPF_FILE), PARTS_AT(mm, PM_BPF_ANON),
                           PARTS_AT(mm, PM_BPF_SWAP),
                           PARTS_AT(mm, PM_BPF_SHMEM)}};
  bpf_loop(CPUS, add_part, &p, 0);
  __builtin_memcpy(n->parts, p.sum, sizeof p.sum);
}

/* A sleeper keeps its parts as long as the counts show no change: each CPU's is
 * in a cache line of its own, and cold. */
static __always_inline void set_exact(struct pm_bpf_now *n,
                                      struct mm_struct *mm, int anew) {
  __s64 file = COUNT(mm, PM_BPF_FILE), anon = COUNT(mm, PM_BPF_ANON);
  __s64 swap = COUNT(mm, PM_BPF_SWAP), shmem = COUNT(mm, PM_BPF_SHMEM);
  if (anew || n->count[PM_BPF_FILE] != file || n->count[PM_BPF_ANON] != anon ||
      n->count[PM_BPF_SWAP] != swap || n->count[PM_BPF_SHMEM] != shmem)
    set_parts(n, mm);
  n->count[PM_BPF_FILE] = file;
  n->count[PM_BPF_ANON] = anon;
  n->count[PM_BPF_SWAP] = swap;
  n->count[PM_BPF_SHMEM] = shmem;
}

static __always_inline void set_pages(struct pm_bpf_now *n,
                                      struct mm_struct *mm, enum how how) {
  if (how != APPROXIMATE && HAS_PARTS(mm))
    set_exact(n, mm, how == EXACT);
  else
    set_approximate(n, mm);
}

#endif
