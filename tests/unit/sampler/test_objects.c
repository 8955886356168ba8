/* The objects of BPF programs: what an older libbpf asks of the kernel to load
 * one depends on what it names. */
#include "unit/support/check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>

#include "core/sampler/bpf/task.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/sampler/bpf/dump_58.skel.h"
#include "core/sampler/bpf/exit.skel.h"
#include "core/sampler/bpf/walk.skel.h"
#pragma GCC diagnostic pop

static bool names_kfuncs(const void *elf, size_t size) {
  struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
  assert_non_null(object);
  bool found = btf__find_by_name_kind(bpf_object__btf(object), ".ksyms",
                                      BTF_KIND_DATASEC) >= 0;
  bpf_object__close(object);
  return found;
}

/* approximate.bpf.h says why. */
static void older_ones_name_no_kfunc(void **state) {
  (void)state;
  size_t size;
  const void *elf = dump_58_bpf__elf_bytes(&size);
  check_true("dump_58", "no kfuncs", !names_kfuncs(elf, size));
  elf = exit_bpf__elf_bytes(&size);
  check_true("exit", "no kfuncs", !names_kfuncs(elf, size));
  elf = walk_bpf__elf_bytes(&size);
  check_true("walk", "kfuncs", names_kfuncs(elf, size));
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(older_ones_name_no_kfunc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
