#include "core/sampler/bpf/load.h"

#include "base/fd.h"
#include "core/sampler/bpf/death.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/sampler/bpf/task.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- what libbpf changes in the process ---- */

/* Before 5.11 maps count against RLIMIT_MEMLOCK, which libbpf would raise for
 * good; its messages go to one function for the whole process.  Both are
 * restored. */
struct saved_state {
  libbpf_print_fn_t print;
  struct rlimit memlock;
};

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

static void begin_load(struct saved_state *saved) {
  first_warning[0] = '\0';
  struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_MEMLOCK, &saved->memlock);
  setrlimit(RLIMIT_MEMLOCK, &none); /* may fail: since 5.11 it is not needed */
  saved->print = libbpf_set_print(keep_warning);
}

static void end_load(const struct saved_state *saved) {
  libbpf_set_print(saved->print);
  setrlimit(RLIMIT_MEMLOCK, &saved->memlock);
}

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

/* ---- one program and its maps out of the object ---- */

static bool is_in_list(const void *const *list, const void *one) {
  while (*list && *list != one)
    list++;
  return *list;
}

/* percpu_counter_batch, with all CPUs online (lib/percpu_counter.c). */
static uint32_t part_max(void) {
  enum { LEAST = 32 };
  long cpus = sysconf(_SC_NPROCESSORS_CONF);
  return cpus > LEAST / 2 ? (uint32_t)cpus * 2 : LEAST;
}

/* keep: programs and maps, ended by NULL. */
static void keep_only(struct task_bpf *object, struct pm_bpf_setup setup,
                      const void *const *keep) {
  object->rodata->ns_level = setup.ns_level;
  object->rodata->ns_inum = setup.ns_inum;
  object->rodata->may_probe = !setup.locked_down;
  object->rodata->part_max = part_max();
  struct bpf_program *p;
  bpf_object__for_each_program(p, object->obj)
      bpf_program__set_autoload(p, is_in_list(keep, p));
  struct bpf_map *m;
  bpf_object__for_each_map(m, object->obj) bpf_map__set_autocreate(
      m, m == object->maps.rodata || is_in_list(keep, m));
}

/* A descriptor of our own, out of the way of select(2), so that libbpf's object
 * can be freed. */
static int dup_high(int fd) {
  return pm_fd_high(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/* ---- memory that the programs write ---- */

static void *map_shared(int map, size_t bytes, int how) {
  void *at = mmap(NULL, bytes, how, MAP_SHARED, map, 0);
  return at == MAP_FAILED ? NULL : at;
}

static size_t rows_bytes(uint32_t room) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t bytes = room * sizeof(struct pm_bpf_task);
  return (bytes + page - 1) / page * page;
}

/* ---- the walk ---- */

static int load_walk(struct task_bpf *object, struct pm_bpf_setup setup,
                     struct pm_bpf_walker *ret) {
  struct bpf_program *program = setup.approximate
                                    ? object->progs.procman_walk_67
                                    : object->progs.procman_walk;
  const void *keep[] = {program, object->maps.procman_rows,
                        object->maps.procman_percpu, NULL};
  keep_only(object, setup, keep);
  bpf_map__set_max_entries(object->maps.procman_rows, ret->room);
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  ret->rows = map_shared(bpf_map__fd(object->maps.procman_rows),
                         rows_bytes(ret->room), PROT_READ);
  if (!ret->rows)
    return -errno;
  ret->prog = dup_high(bpf_program__fd(program));
  return ret->prog < 0 ? -errno : 0;
}

int pm_bpf_walker_open(struct pm_bpf_walker *walker, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err) {
  struct pm_bpf_walker new = {.prog = -1, .room = room};
  struct saved_state saved;
  begin_load(&saved);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_walk(object, setup, &new) : -errno;
  task_bpf__destroy(object);
  end_load(&saved);
  if (status < 0) {
    pm_bpf_walker_close(&new);
    return load_error(err, -status, "walks the processes");
  }
  pm_bpf_walker_close(walker);
  *walker = new;
  return 0;
}

void pm_bpf_walker_close(struct pm_bpf_walker *walker) {
  if (walker->rows)
    munmap(walker->rows, rows_bytes(walker->room));
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

static int load_dump(struct task_bpf *object, struct pm_bpf_setup setup,
                     struct pm_bpf_dumper *ret) {
  struct bpf_program *program = setup.approximate
                                    ? object->progs.procman_dump_58
                                    : object->progs.procman_dump;
  const void *keep[] = {program, object->maps.procman_rows,
                        object->maps.procman_dumped,
                        object->maps.procman_percpu, NULL};
  keep_only(object, setup, keep);
  bpf_map__set_max_entries(object->maps.procman_rows, ret->room);
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  ret->rows = map_shared(bpf_map__fd(object->maps.procman_rows),
                         rows_bytes(ret->room), PROT_READ);
  ret->dump = map_shared(bpf_map__fd(object->maps.procman_dumped),
                         sizeof *ret->dump, PROT_READ | PROT_WRITE);
  if (!ret->rows || !ret->dump)
    return -errno;
  struct bpf_link *link = bpf_program__attach_iter(program, NULL);
  if (!link)
    return -errno;
  ret->link = dup_high(bpf_link__fd(link));
  status = ret->link < 0 ? -errno : 0;
  bpf_link__destroy(link);
  return status;
}

int pm_bpf_dumper_open(struct pm_bpf_dumper *dumper, struct pm_bpf_setup setup,
                       uint32_t room, struct pm_err *err) {
  struct pm_bpf_dumper new = {.link = -1, .room = room};
  struct saved_state saved;
  begin_load(&saved);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_dump(object, setup, &new) : -errno;
  task_bpf__destroy(object);
  end_load(&saved);
  if (status < 0) {
    pm_bpf_dumper_close(&new);
    return load_error(err, -status, "dumps the processes");
  }
  pm_bpf_dumper_close(dumper);
  *dumper = new;
  return 0;
}

void pm_bpf_dumper_close(struct pm_bpf_dumper *dumper) {
  if (dumper->rows)
    munmap(dumper->rows, rows_bytes(dumper->room));
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

/* ---- deaths ---- */

/* Room for what all CPUs can fork and reap between two ticks a second apart:
 * some 4,000 processes per second and CPU at 250 bytes. */
static uint32_t ring_bytes(void) {
  enum { A_CPU = 1 << 20, MOST = 32 << 20 };
  uint32_t bytes = A_CPU;
  long cpus = sysconf(_SC_NPROCESSORS_CONF);
  while (bytes < MOST && (long)(bytes / A_CPU) < cpus)
    bytes *= 2;
  return bytes;
}

static int attach_program(struct bpf_program *program) {
  struct bpf_link *link = bpf_program__attach(program);
  int fd = link ? dup_high(bpf_link__fd(link)) : -1;
  int num = errno;
  bpf_link__destroy(link);
  errno = num;
  return fd;
}

enum { PLACES_BYTES = PM_BPF_EXITING * sizeof(__u64) };

static bool pid_is_free(__u32 pid) {
  return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static int read_record(void *source, __u32 place, struct pm_bpf_death *ret) {
  const struct pm_bpf_deaths *deaths = source;
  return bpf_map_lookup_elem(deaths->exits, &place, ret);
}

static int share_places(struct task_bpf *object, struct pm_bpf_deaths *ret) {
  ret->missed.exiting = map_shared(bpf_map__fd(object->maps.procman_exiting),
                                   PLACES_BYTES, PROT_READ | PROT_WRITE);
  if (!ret->missed.exiting)
    return -1;
  return ret->exits = dup_high(bpf_map__fd(object->maps.procman_exits));
}

static int load_deaths(struct task_bpf *object, struct pm_bpf_setup setup,
                       struct pm_bpf_deaths *ret) {
  const void *keep[] = {object->progs.procman_exit,
                        object->progs.procman_free,
                        object->maps.procman_deaths,
                        object->maps.procman_counts,
                        object->maps.procman_exiting,
                        object->maps.procman_exits,
                        NULL};
  keep_only(object, setup, keep);
  bpf_map__set_max_entries(object->maps.procman_deaths, ring_bytes());
  int status = task_bpf__load(object);
  if (status < 0)
    return status;
  ret->ring = ring_buffer__new(bpf_map__fd(object->maps.procman_deaths),
                               ret->missed.on_death, ret->missed.sink, NULL);
  ret->counts = dup_high(bpf_map__fd(object->maps.procman_counts));
  if (!ret->ring || ret->counts < 0 || share_places(object, ret) < 0)
    return -errno;
  ret->on_free = attach_program(object->progs.procman_free);
  if (ret->on_free >= 0)
    ret->on_exit = attach_program(object->progs.procman_exit);
  return ret->on_exit < 0 ? -errno : 0;
}

int pm_bpf_deaths_open(struct pm_bpf_deaths *deaths, struct pm_bpf_setup setup,
                       bool own_pids,
                       int (*on_death)(void *arg, void *record, size_t size),
                       void *arg, struct pm_err *err) {
  deaths->missed =
      (struct pm_bpf_missed){.pid_is_free = own_pids ? pid_is_free : NULL,
                             .read_record = read_record,
                             .source = deaths,
                             .on_death = on_death,
                             .sink = arg};
  struct saved_state saved;
  begin_load(&saved);
  struct task_bpf *object = task_bpf__open();
  int status = object ? load_deaths(object, setup, deaths) : -errno;
  task_bpf__destroy(object);
  end_load(&saved);
  if (status == 0)
    return 0;
  pm_bpf_deaths_close(deaths);
  return load_error(err, -status, "reports ended processes");
}

void pm_bpf_deaths_close(struct pm_bpf_deaths *deaths) {
  const int fds[] = {deaths->on_free, deaths->on_exit, deaths->counts,
                     deaths->exits};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  if (deaths->missed.exiting)
    munmap(deaths->missed.exiting, PLACES_BYTES);
  ring_buffer__free(deaths->ring);
  *deaths = (struct pm_bpf_deaths)PM_BPF_DEATHS_INIT;
}

static uint64_t count_of(const struct pm_bpf_deaths *deaths, uint32_t which,
                         uint64_t otherwise) {
  uint64_t count;
  bool known = bpf_map_lookup_elem(deaths->counts, &which, &count) == 0;
  return known ? count : otherwise;
}

int pm_bpf_deaths_drain(struct pm_bpf_deaths *deaths, struct pm_now now,
                        uint64_t *lost, struct pm_err *err) {
  int status = ring_buffer__consume(deaths->ring);
  if (status < 0)
    return pm_err_set(err, -status, "read the records of ended processes");
  pm_bpf_missed_report(&deaths->missed, now.mono,
                       count_of(deaths, PM_BPF_TAIL_NS, 0));
  uint64_t so_far = count_of(deaths, PM_BPF_LOST, deaths->lost);
  *lost += so_far - deaths->lost;
  deaths->lost = so_far;
  return 0;
}
