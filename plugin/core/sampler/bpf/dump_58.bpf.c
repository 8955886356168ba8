/* Every thread, for 5.8 to 6.1. */
#include <linux/bpf.h>

#include "approximate.bpf.h"

#include "dump.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("iter/task") int procman_dump_58(struct bpf_iter__task *ctx) {
  return dump_task(ctx, 0);
}
