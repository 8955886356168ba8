#include "core/bpf/load.h"

#include "base/fd.h"
#include "core/bpf/task.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/bpf/task.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- libbpf as a guest of collectd's process ---- */

/* Before 5.11 maps count against RLIMIT_MEMLOCK, which libbpf would raise once
 * and for ever; its messages go to one function for the whole process.  Both
 * are put back. */
struct guest {
  libbpf_print_fn_t print;
  struct rlimit memlock;
};

enum { SAID = 160 };
static __thread char said[SAID]; /* the first complaint of this thread's load */

static int listen_to(enum libbpf_print_level level, const char *format,
                     va_list args) {
  if (level != LIBBPF_WARN || said[0])
    return 0;
  vsnprintf(said, sizeof said, format, args);
  said[strcspn(said, "\n")] = '\0';
  return 0;
}

static void enter(struct guest *guest) {
  said[0] = '\0';
  struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_MEMLOCK, &guest->memlock);
  setrlimit(RLIMIT_MEMLOCK, &none); /* what it may not do, it need not do */
  guest->print = libbpf_set_print(listen_to);
}

static void leave(const struct guest *guest) {
  libbpf_set_print(guest->print);
  setrlimit(RLIMIT_MEMLOCK, &guest->memlock);
}

static const char *hint(int num) {
  return num == EPERM || num == EACCES
             ? " (it takes CAP_BPF and CAP_PERFMON, or root)"
             : "";
}

static int complain(struct pm_err *err, int num, const char *what) {
  return pm_err_say(err, num, "load the BPF program that %s: %s%s; %s", what,
                    strerror(num), hint(num),
                    said[0] ? said : "the kernel gave no reason");
}

/* ---- one program and its maps out of the object ---- */

static void keep_only(struct task_bpf *object,
                      const struct bpf_program *program,
                      const struct bpf_map *first,
                      const struct bpf_map *second) {
  struct bpf_program *p;
  bpf_object__for_each_program(p, object->obj)
      bpf_program__set_autoload(p, p == program);
  struct bpf_map *m;
  bpf_object__for_each_map(m, object->obj)
      bpf_map__set_autocreate(m, m == first || m == second);
}

/* A descriptor of our own, out of the way of select(2), so that libbpf's
 * object can go. */
static int own(int fd) { return pm_fd_high(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

/* ---- the walk ---- */

static size_t bytes_of(uint32_t room) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t bytes = room * sizeof(struct pm_bpf_task);
  return (bytes + page - 1) / page * page;
}

static int load_walk(struct task_bpf *object, struct pm_bpf_walker *ret) {
  keep_only(object, object->progs.walk, object->maps.rows, NULL);
  bpf_map__set_max_entries(object->maps.rows, ret->room);
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  void *rows = mmap(NULL, bytes_of(ret->room), PROT_READ, MAP_SHARED,
                    bpf_map__fd(object->maps.rows), 0);
  if (rows == MAP_FAILED)
    return -errno;
  ret->rows = rows;
  ret->prog = own(bpf_program__fd(object->progs.walk));
  return ret->prog < 0 ? -errno : 0;
}

int pm_bpf_walker_open(struct pm_bpf_walker *walker, uint32_t room,
                       struct pm_err *err) {
  struct pm_bpf_walker new = {.prog = -1, .room = room};
  struct guest guest;
  enter(&guest);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_walk(object, &new) : -errno;
  task_bpf__destroy(object);
  leave(&guest);
  if (status < 0) {
    pm_bpf_walker_close(&new);
    return complain(err, -status, "walks the processes");
  }
  pm_bpf_walker_close(walker);
  *walker = new;
  return 0;
}

void pm_bpf_walker_close(struct pm_bpf_walker *walker) {
  if (walker->rows)
    munmap(walker->rows, bytes_of(walker->room));
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

/* ---- the dump ---- */

static int load_dump(struct task_bpf *object, struct pm_bpf_dumper *ret) {
  keep_only(object, object->progs.dump, NULL, NULL);
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  struct bpf_link *link = bpf_program__attach_iter(object->progs.dump, NULL);
  if (!link)
    return -errno;
  ret->link = own(bpf_link__fd(link));
  status = ret->link < 0 ? -errno : 0;
  bpf_link__destroy(link);
  return status;
}

int pm_bpf_dumper_open(struct pm_bpf_dumper *dumper, struct pm_err *err) {
  struct guest guest;
  enter(&guest);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_dump(object, dumper) : -errno;
  task_bpf__destroy(object);
  leave(&guest);
  return status < 0 ? complain(err, -status, "dumps the processes") : 0;
}

void pm_bpf_dumper_close(struct pm_bpf_dumper *dumper) {
  if (dumper->link >= 0)
    close(dumper->link);
  *dumper = (struct pm_bpf_dumper)PM_BPF_DUMPER_INIT;
}

int pm_bpf_dumper_run(const struct pm_bpf_dumper *dumper, struct pm_err *err) {
  int fd = bpf_iter_create(dumper->link);
  return fd < 0 ? pm_err_set(err, -fd, "start the BPF task iterator") : fd;
}

/* ---- deaths ---- */

/* Room for what all CPUs can fork and reap between two ticks a second apart:
 * some 4,000 processes a second and CPU at 250 bytes. */
static uint32_t ring_bytes(void) {
  enum { A_CPU = 1 << 20, MOST = 32 << 20 };
  uint32_t bytes = A_CPU;
  long cpus = sysconf(_SC_NPROCESSORS_CONF);
  while (bytes < MOST && (long)(bytes / A_CPU) < cpus)
    bytes *= 2;
  return bytes;
}

static int load_deaths(struct task_bpf *object, struct pm_bpf_deaths *ret,
                       ring_buffer_sample_fn on_death, void *arg) {
  keep_only(object, object->progs.died, object->maps.deaths, object->maps.lost);
  bpf_map__set_max_entries(object->maps.deaths, ring_bytes());
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  ret->ring =
      ring_buffer__new(bpf_map__fd(object->maps.deaths), on_death, arg, NULL);
  ret->lost_map = own(bpf_map__fd(object->maps.lost));
  if (!ret->ring || ret->lost_map < 0)
    return -errno;
  struct bpf_link *link = bpf_program__attach(object->progs.died);
  if (!link)
    return -errno;
  ret->link = own(bpf_link__fd(link));
  status = ret->link < 0 ? -errno : 0;
  bpf_link__destroy(link);
  return status;
}

int pm_bpf_deaths_open(struct pm_bpf_deaths *deaths,
                       int (*on_death)(void *arg, void *record, size_t size),
                       void *arg, struct pm_err *err) {
  struct guest guest;
  enter(&guest);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_deaths(object, deaths, on_death, arg) : -errno;
  task_bpf__destroy(object);
  leave(&guest);
  if (status == 0)
    return 0;
  pm_bpf_deaths_close(deaths);
  return complain(err, -status, "tells of ended processes");
}

void pm_bpf_deaths_close(struct pm_bpf_deaths *deaths) {
  if (deaths->link >= 0)
    close(deaths->link);
  if (deaths->lost_map >= 0)
    close(deaths->lost_map);
  ring_buffer__free(deaths->ring);
  *deaths = (struct pm_bpf_deaths)PM_BPF_DEATHS_INIT;
}

int pm_bpf_deaths_drain(struct pm_bpf_deaths *deaths, uint64_t *lost,
                        struct pm_err *err) {
  uint32_t key = 0;
  uint64_t so_far = deaths->lost;
  int status = ring_buffer__consume(deaths->ring);
  if (status < 0)
    return pm_err_set(err, -status, "read the records of ended processes");
  if (bpf_map_lookup_elem(deaths->lost_map, &key, &so_far) == 0) {
    *lost += so_far - deaths->lost;
    deaths->lost = so_far;
  }
  return 0;
}
