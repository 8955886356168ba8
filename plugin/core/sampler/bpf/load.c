#include "core/sampler/bpf/load.h"

#include "base/fd.h"
#include "core/sampler/bpf/task.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- what libbpf changes in the process ---- */

/* Before 5.11 maps count against RLIMIT_MEMLOCK, which libbpf would raise for
 * good; its messages go to one function for the whole process.  Both are
 * restored. */

enum { WARNING = 160 };
static __thread char first_warning[WARNING]; /* of this thread's load */

static int keep_warning(enum libbpf_print_level level, const char *format,
                        va_list args) {
  if (level != LIBBPF_WARN || first_warning[0])
    return 0;
  vsnprintf(first_warning, sizeof first_warning, format, args);
  first_warning[strcspn(first_warning, "\n")] = '\0';
  return 0;
}

static void change_process(struct pm_bpf_load *load) {
  first_warning[0] = '\0';
  struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_MEMLOCK, &load->memlock);
  setrlimit(RLIMIT_MEMLOCK, &none); /* may fail: since 5.11 it is not needed */
  load->print = libbpf_set_print(keep_warning);
}

static void restore_process(const struct pm_bpf_load *load) {
  libbpf_set_print(load->print);
  setrlimit(RLIMIT_MEMLOCK, &load->memlock);
}

/* ---- why it fails ---- */

static bool counts_locked_memory(void) {
  struct utsname name;
  unsigned major, minor;
  return uname(&name) == 0 &&
         sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
         (major < 5 || (major == 5 && minor < 11));
}

/* What to do about it, as libbpf's warning does not help; NULL: it may.  A
 * program that the verifier rejects may give EACCES. */
static const char *advice(int num) {
  if (access("/sys/kernel/btf/vmlinux", R_OK) < 0 && errno == ENOENT)
    return "the kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)";
  if (num != EPERM)
    return NULL;
  return counts_locked_memory()
             ? "it needs CAP_BPF, CAP_PERFMON and, before Linux 5.11, "
               "LimitMEMLOCK=infinity; or root"
             : "it needs CAP_BPF and CAP_PERFMON, or root";
}

static int load_error(struct pm_err *err, int num, const char *what) {
  const char *todo = advice(num);
  if (todo)
    return pm_err_say(err, num, "load the BPF program that %s: %s (%s)", what,
                      strerror(num), todo);
  return pm_err_say(
      err, num, "load the BPF program that %s: %s; %s", what, strerror(num),
      first_warning[0] ? first_warning : "the kernel gave no reason");
}

/* ---- open and freed ---- */

/* percpu_counter_batch, with all CPUs online (lib/percpu_counter.c). */
static uint32_t part_max(void) {
  enum { LEAST = 32 };
  long cpus = sysconf(_SC_NPROCESSORS_CONF);
  return cpus > LEAST / 2 ? (uint32_t)cpus * 2 : LEAST;
}

static int set_up(const struct pm_bpf_load *load, struct pm_bpf_setup setup) {
  const struct pm_bpf_settings settings = {.ns_level = setup.ns_level,
                                           .ns_inum = setup.ns_inum,
                                           .may_probe = !setup.locked_down,
                                           .part_max = part_max()};
  struct bpf_map *map = pm_bpf_map(load, ".rodata");
  return map ? bpf_map__set_initial_value(map, &settings, sizeof settings)
             : -ENOENT;
}

int pm_bpf_load_begin(struct pm_bpf_load *load, const void *elf, size_t size,
                      struct pm_bpf_setup setup) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "procman");
  change_process(load);
  load->object = bpf_object__open_mem(elf, size, &options);
  return load->object ? set_up(load, setup) : -errno;
}

int pm_bpf_load_end(const struct pm_bpf_load *load, int status,
                    const char *what, struct pm_err *err) {
  bpf_object__close(load->object);
  restore_process(load);
  return status < 0 ? load_error(err, -status, what) : status;
}

/* ---- its parts ---- */

struct bpf_map *pm_bpf_map(const struct pm_bpf_load *load, const char *name) {
  return bpf_object__find_map_by_name(load->object, name);
}

struct bpf_program *pm_bpf_program(const struct pm_bpf_load *load,
                                   const char *name) {
  return bpf_object__find_program_by_name(load->object, name);
}

int pm_bpf_keep(int fd) { return pm_fd_high(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

void *pm_bpf_share(const struct bpf_map *map, size_t bytes, int protection) {
  void *at = mmap(NULL, bytes, protection, MAP_SHARED, bpf_map__fd(map), 0);
  return at == MAP_FAILED ? NULL : at;
}

/* ---- rows ---- */

static const char rows_name[] = "procman_rows";

static size_t rows_bytes(uint32_t room) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t bytes = room * sizeof(struct pm_bpf_task);
  return (bytes + page - 1) / page * page;
}

void pm_bpf_set_room(const struct pm_bpf_load *load, uint32_t room) {
  bpf_map__set_max_entries(pm_bpf_map(load, rows_name), room);
}

struct pm_bpf_task *pm_bpf_share_rows(const struct pm_bpf_load *load,
                                      uint32_t room) {
  return pm_bpf_share(pm_bpf_map(load, rows_name), rows_bytes(room), PROT_READ);
}

void pm_bpf_free_rows(struct pm_bpf_task *rows, uint32_t room) {
  if (rows)
    munmap(rows, rows_bytes(room));
}
