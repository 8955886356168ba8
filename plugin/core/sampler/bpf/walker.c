#include "core/sampler/bpf/walker.h"

#include "core/sampler/bpf/task.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/sampler/bpf/walk.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

static int load_walk(const struct pm_bpf_load *load, bool approximate,
                     struct pm_bpf_walker *ret) {
  struct bpf_program *exact = pm_bpf_program(load, "procman_walk");
  struct bpf_program *plain = pm_bpf_program(load, "procman_walk_67");
  bpf_program__set_autoload(approximate ? exact : plain, false);
  pm_bpf_set_room(load, ret->room);
  int status = bpf_object__load(load->object);
  if (status < 0)
    return status;
  ret->rows = pm_bpf_share_rows(load, ret->room);
  if (!ret->rows)
    return -errno;
  ret->prog = pm_bpf_keep(bpf_program__fd(approximate ? plain : exact));
  return ret->prog < 0 ? -errno : 0;
}

int pm_bpf_walker_open(struct pm_bpf_walker *walker, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err) {
  struct pm_bpf_walker new = {.prog = -1, .room = room};
  struct pm_bpf_load load;
  size_t size;
  const void *elf = walk_bpf__elf_bytes(&size);
  int status = pm_bpf_load_begin(&load, elf, size, setup);
  if (status == 0)
    status = load_walk(&load, setup.approximate, &new);
  if (pm_bpf_load_end(&load, status, "walks the processes", err) < 0) {
    pm_bpf_walker_close(&new);
    return status;
  }
  pm_bpf_walker_close(walker);
  *walker = new;
  return 0;
}

void pm_bpf_walker_close(struct pm_bpf_walker *walker) {
  pm_bpf_free_rows(walker->rows, walker->room);
  if (walker->prog >= 0)
    close(walker->prog);
  *walker = (struct pm_bpf_walker)PM_BPF_WALKER_INIT;
}

int64_t pm_bpf_walker_run(struct pm_bpf_walker *walker, int tidy,
                          uint32_t *tasks, struct pm_err *err) {
  struct pm_bpf_walk ask = {.turn = walker->turn++, .tidy = (uint32_t)tidy};
  LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ask,
              .ctx_size_in = sizeof ask);
  int status = bpf_prog_test_run_opts(walker->prog, &run);
  if (status < 0)
    return pm_err_set(err, -status, "walk the processes by BPF");
  *tasks = ask.tasks;
  return ask.rows;
}
