#include "core/sampler/bpf/deaths.h"

#include "core/sampler/bpf/death.h"
/* generated, and not as strict as we are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "core/sampler/bpf/exit.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

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
  int fd = link ? pm_bpf_keep(bpf_link__fd(link)) : -1;
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

static int keep_map(const struct pm_bpf_load *load, const char *name) {
  return pm_bpf_keep(bpf_map__fd(pm_bpf_map(load, name)));
}

static int share_places(const struct pm_bpf_load *load,
                        struct pm_bpf_deaths *ret) {
  ret->missed.exiting = pm_bpf_share(pm_bpf_map(load, "procman_exiting"),
                                     PLACES_BYTES, PROT_READ | PROT_WRITE);
  if (!ret->missed.exiting)
    return -1;
  return ret->exits = keep_map(load, "procman_exits");
}

static int load_deaths(const struct pm_bpf_load *load,
                       struct pm_bpf_deaths *ret) {
  struct bpf_map *ring = pm_bpf_map(load, "procman_deaths");
  bpf_map__set_max_entries(ring, ring_bytes());
  int status = bpf_object__load(load->object);
  if (status < 0)
    return status;
  ret->ring = ring_buffer__new(bpf_map__fd(ring), ret->missed.on_death,
                               ret->missed.sink, NULL);
  ret->counts = keep_map(load, "procman_counts");
  if (!ret->ring || ret->counts < 0 || share_places(load, ret) < 0)
    return -errno;
  ret->on_free = attach_program(pm_bpf_program(load, "procman_free"));
  if (ret->on_free >= 0)
    ret->on_exit = attach_program(pm_bpf_program(load, "procman_exit"));
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
  struct pm_bpf_load load;
  size_t size;
  const void *elf = exit_bpf__elf_bytes(&size);
  int status = pm_bpf_load_begin(&load, elf, size, setup);
  if (status == 0)
    status = load_deaths(&load, deaths);
  if (pm_bpf_load_end(&load, status, "reports ended processes", err) == 0)
    return 0;
  pm_bpf_deaths_close(deaths);
  return status;
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
