/* Every thread, with memory counted exactly: since 6.2. */
#include <linux/bpf.h>

#include "exact.bpf.h"

#include "dump.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("iter/task") int procman_dump(struct bpf_iter__task *ctx) {
  return dump_task(ctx, 1);
}
