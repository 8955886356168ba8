#include "core/sampler/bpf/dumper.h"

#include "core/sampler/bpf/task.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/sampler/bpf/dump.skel.h"
#include "core/sampler/bpf/dump_58.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* One that has no kfuncs takes fewer capabilities (approximate.bpf.h). */
struct form {
  const char *program;
  const void *elf;
  size_t size;
};

static struct form choose_form(bool approximate) {
  struct form f = {.program = approximate ? "procman_dump_58" : "procman_dump"};
  f.elf = approximate ? dump_58_bpf__elf_bytes(&f.size)
                      : dump_bpf__elf_bytes(&f.size);
  return f;
}

static int attach_dump(struct bpf_program *program) {
  struct bpf_link *link = bpf_program__attach_iter(program, NULL);
  if (!link)
    return -errno;
  int fd = pm_bpf_keep(bpf_link__fd(link));
  int status = fd < 0 ? -errno : fd;
  bpf_link__destroy(link);
  return status;
}

static int load_dump(const struct pm_bpf_load *load, const char *program,
                     struct pm_bpf_dumper *ret) {
  pm_bpf_set_room(load, ret->room);
  int status = bpf_object__load(load->object);
  if (status < 0)
    return status;
  ret->rows = pm_bpf_share_rows(load, ret->room);
  ret->dump = pm_bpf_share(pm_bpf_map(load, "procman_dumped"),
                           sizeof *ret->dump, PROT_READ | PROT_WRITE);
  if (!ret->rows || !ret->dump)
    return -errno;
  ret->link = attach_dump(pm_bpf_program(load, program));
  return ret->link < 0 ? ret->link : 0;
}

int pm_bpf_dumper_open(struct pm_bpf_dumper *dumper, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err) {
  struct pm_bpf_dumper new = {.link = -1, .room = room};
  struct pm_bpf_load load;
  struct form form = choose_form(setup.approximate);
  int status = pm_bpf_load_begin(&load, form.elf, form.size, setup);
  if (status == 0)
    status = load_dump(&load, form.program, &new);
  if (pm_bpf_load_end(&load, status, "dumps the processes", err) < 0) {
    pm_bpf_dumper_close(&new);
    return status;
  }
  pm_bpf_dumper_close(dumper);
  *dumper = new;
  return 0;
}

void pm_bpf_dumper_close(struct pm_bpf_dumper *dumper) {
  pm_bpf_free_rows(dumper->rows, dumper->room);
  if (dumper->dump)
    munmap(dumper->dump, sizeof *dumper->dump);
  if (dumper->link >= 0)
    close(dumper->link);
  *dumper = (struct pm_bpf_dumper)PM_BPF_DUMPER_INIT;
}

int pm_bpf_dumper_run(struct pm_bpf_dumper *dumper, bool tidy,
                      struct pm_err *err) {
  *dumper->dump = (struct pm_bpf_dump){.turn = dumper->dump->turn + 1,
                                       .room = dumper->room,
                                       .end = tidy ? 0 : dumper->dump->next};
  int fd = bpf_iter_create(dumper->link);
  return fd < 0 ? pm_err_set(err, -fd, "start the BPF task iterator") : fd;
}
