/* Processes that /proc lists and the kernel's iterators pass over: some hosts
 * of virtual machines shield their agent in them so, which is process 1 (6.18;
 * a BPF program does not find it by its pid either, and no ptrace(2) access to
 * it is granted).  Found by comparing both lists now and then. */
#ifndef PM_CORE_SAMPLER_BPF_HIDDEN_H
#define PM_CORE_SAMPLER_BPF_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PM_BPF_HIDDEN = 16,       /* processes at most; others are not found */
  PM_BPF_HIDDEN_SCANS = 64, /* from one comparison to the next */
};

/* Zeroed is ready to use. */
struct pm_bpf_hidden {
  int32_t pid[PM_BPF_HIDDEN]; /* to be read below /proc */
  size_t count;
  int32_t suspect[PM_BPF_HIDDEN]; /* in /proc, but not in the last scan */
  size_t suspect_count;
  uint32_t scans;
  int32_t *seen; /* in this scan, if it is one that compares */
  size_t seen_count, seen_room;
  bool seen_lost; /* there was no memory for all of them */
};

void pm_bpf_hidden_done(struct pm_bpf_hidden *hidden);

void pm_bpf_hidden_begin(struct pm_bpf_hidden *hidden);
/* This one was found by the scan.  One that was hidden is no more. */
void pm_bpf_hidden_see(struct pm_bpf_hidden *hidden, int32_t pid);
/* Compares, if it is time to, with the processes that the open directory of
 * /proc lists.  One is hidden that two comparisons miss, which are those of two
 * scans in a row: a new process is missed once. */
void pm_bpf_hidden_end(struct pm_bpf_hidden *hidden, int proc);
/* It is gone. */
void pm_bpf_hidden_forget(struct pm_bpf_hidden *hidden, int32_t pid);

#endif
