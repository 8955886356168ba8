#include "core/machine/system.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void pm_system_done(struct pm_system *system) {
  free(system->text);
  *system = (struct pm_system){0};
}

/* Some kernels' idle counter goes to 2^63 and stays there; as ticks that is
 * 2^63 or, where it was nanoseconds, 9.2e11.  No machine is idle for so long
 * between two readings. */
#define IDLE_JUMP (UINT64_C(1) << 37)

/* After such a jump it says nothing until it moves again. */
static bool is_idle_stuck(struct pm_system *s, uint64_t idle) {
  bool jumped = s->idle && idle > s->idle && idle - s->idle > IDLE_JUMP;
  if (idle != s->idle)
    s->idle_jumped = jumped;
  s->idle = idle;
  return s->idle_jumped;
}

static int read_cpu(struct pm_system *s, const struct pm_root *root,
                    struct pm_system_reading *ret, struct pm_err *err) {
  ssize_t n = pm_root_read_grow(root->proc, "stat", &s->text, &s->size);
  if (n < 0)
    return pm_err_set(err, (int)-n, "read %s/stat", root->proc_path);
  int status = pm_parse_cpu(s->text, &ret->cpu);
  if (status < 0) {
    ret->cpu = (struct pm_cpu_times){0};
    return pm_err_say(err, EINVAL, "%s/stat is incomplete", root->proc_path);
  }
  ret->idle_is_stuck = is_idle_stuck(s, ret->cpu.idle);
  /* A board without a clock was booted in 1970, or a moment before, which looks
   * like 2^64; btime is right once somebody has set the clock. */
  if (ret->cpu.boot_time > 0 && ret->cpu.boot_time <= INT64_MAX)
    ret->row.boot_time = (double)ret->cpu.boot_time;
  return 0;
}

/* The kernel sums up counters of its CPUs while they change, and containers'
 * /proc (lxcfs) subtracts one source's from another's: either can give more
 * than there is, or less than nothing, which looks like 2^64.  That is not
 * known then. */
static double part_of(double bytes, uint64_t whole) {
  return bytes <= (double)whole ? bytes : NAN;
}

static int read_memory(const struct pm_root *root, struct pm_system_row *row,
                       struct pm_err *err) {
  char text[8192];
  struct pm_memory m;
  ssize_t n = pm_root_read(root->proc, "meminfo", text, sizeof text);
  if (n < 0)
    return pm_err_set(err, (int)-n, "read %s/meminfo", root->proc_path);
  if (pm_parse_memory(text, &m) < 0)
    return pm_err_say(err, EINVAL, "%s/meminfo is incomplete", root->proc_path);
  row->total = (double)m.total;
  row->available = part_of((double)m.available, m.total);
  row->used = row->total - row->available; /* psutil since 7.1 */
  row->memory_percent = 100 * row->used / row->total;
  row->free = part_of((double)m.free, m.total);
  row->buffered = part_of((double)m.buffers, m.total);
  row->cached = part_of((double)m.cached + (double)m.reclaimable, m.total);
  row->swap_total = (double)m.swap_total;
  row->swap_free = part_of((double)m.swap_free, m.swap_total);
  row->swap_used = row->swap_total - row->swap_free;
  return 0;
}

static int read_load(const struct pm_root *root, struct pm_system_row *row,
                     struct pm_err *err) {
  char text[256];
  double load[3];
  ssize_t n = pm_root_read(root->proc, "loadavg", text, sizeof text);
  if (n < 0)
    return pm_err_set(err, (int)-n, "read %s/loadavg", root->proc_path);
  if (pm_parse_load(text, load) < 0)
    return pm_err_say(err, EINVAL, "%s/loadavg is incomplete", root->proc_path);
  row->load1 = load[0];
  row->load5 = load[1];
  row->load15 = load[2];
  return 0;
}

static int read_uptime(const struct pm_root *root, struct pm_system_row *row,
                       struct pm_err *err) {
  char text[256];
  ssize_t n = pm_root_read(root->proc, "uptime", text, sizeof text);
  if (n < 0)
    return pm_err_set(err, (int)-n, "read %s/uptime", root->proc_path);
  if (pm_parse_uptime(text, &row->uptime) < 0)
    return pm_err_say(err, EINVAL, "%s/uptime is incomplete", root->proc_path);
  return 0;
}

_Static_assert(sizeof(struct pm_system_row) % sizeof(double) == 0 &&
                   offsetof(struct pm_system_row, cpu) == 0 &&
                   offsetof(struct pm_system_row, idle) + sizeof(double) ==
                       sizeof(struct pm_system_row),
               "set_unknown() walks a row as an array of numbers");

static void set_unknown(struct pm_system_row *row) {
  double *value = (double *)row;
  for (size_t i = 0; i < sizeof *row / sizeof *value; i++)
    value[i] = NAN;
}

int pm_system_sample(struct pm_system *system, const struct pm_root *root,
                     struct pm_now now, struct pm_system_reading *ret,
                     struct pm_err *err) {
  set_unknown(&ret->row);
  ret->cpu = (struct pm_cpu_times){0};
  ret->idle_is_stuck = false;
  int first = read_cpu(system, root, ret, err);
  ret->mono = first ? 0 : now.mono;
  int status = read_memory(root, &ret->row, first ? NULL : err);
  first = first ? first : status;
  status = read_load(root, &ret->row, first ? NULL : err);
  first = first ? first : status;
  status = read_uptime(root, &ret->row, first ? NULL : err);
  return first ? first : status;
}

int pm_system_read(struct pm_system *system, const struct pm_root *root,
                   struct pm_now now, struct pm_system_row *row,
                   struct pm_system_sums *sums, struct pm_err *err) {
  struct pm_system_reading reading;
  int status = pm_system_sample(system, root, now, &reading, err);
  pm_system_rates(root, &system->last, &reading, row, sums);
  if (reading.mono)
    system->last = reading;
  return status;
}
