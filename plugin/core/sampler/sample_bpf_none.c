/* The BPF sampler of a build without libbpf: it never opens. */
#include "core/sampler/sample_bpf.h"

#include <errno.h>

static int open_none(const struct pm_root *root, struct pm_reader *reader,
                     struct pm_sampler *ret, struct pm_err *err) {
  (void)root;
  (void)reader;
  (void)ret;
  return pm_err_say(err, ENOTSUP, "this procman was built without libbpf");
}

const struct pm_sampler_ops pm_sample_bpf = {.name = "bpf", .open = open_none};
