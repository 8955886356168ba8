#include "core/account/rows.h"

#include "core/account/gauges.h"

#include "base/copy.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* From its first number on, a row is nothing but numbers. */
_Static_assert(offsetof(struct pm_group_row, oldest) + sizeof(double) ==
                   sizeof(struct pm_group_row),
               "set_unknown() walks a row's numbers as an array");
_Static_assert((sizeof(struct pm_group_row) -
                offsetof(struct pm_group_row, cpu_user)) %
                       sizeof(double) ==
                   0,
               "set_unknown() walks a row's numbers as an array");

/* What is not known is NaN. */
static void set_unknown(struct pm_group_row *row) {
  double *value = &row->cpu_user;
  size_t count =
      (sizeof *row - offsetof(struct pm_group_row, cpu_user)) / sizeof *value;
  for (size_t i = 0; i < count; i++)
    value[i] = NAN;
}

static double clamp_percent(double percent) {
  return percent > 100 ? 100 : percent;
}

static double percent_of(uint64_t part, uint64_t whole) {
  return whole ? clamp_percent(100 * (double)part / (double)whole) : NAN;
}

static uint32_t known_fields(const struct pm_group *g,
                             struct pm_rows_interval f) {
  uint32_t known = f.can & ~g->lacks;
  return (known & PM_HAVE_COUNTERS) | pm_gauges_wanted(g, known);
}

static double group_counter(const struct pm_group *g, uint32_t known,
                            enum pm_field field) {
  return known & PM_BIT(field) ? (double)g->total[field] : NAN;
}

static double group_gauge(const struct pm_group *g, uint32_t known,
                          enum pm_field field) {
  return known & PM_BIT(field) ? (double)g->gauge[field - PM_F_COUNTERS] : NAN;
}

static void put_counters(const struct pm_group *g, uint32_t known,
                         struct pm_group_row *r) {
  r->cpu_user = floor(group_counter(g, known, PM_F_cpu_user) / 1000);
  r->cpu_system = floor(group_counter(g, known, PM_F_cpu_system) / 1000);
  r->disk_read = group_counter(g, known, PM_F_disk_read);
  r->disk_write = group_counter(g, known, PM_F_disk_write);
  r->io_read = group_counter(g, known, PM_F_io_read);
  r->io_write = group_counter(g, known, PM_F_io_write);
  r->faults_minor = group_counter(g, known, PM_F_faults_minor);
  r->faults_major = group_counter(g, known, PM_F_faults_major);
  r->switch_voluntary = group_counter(g, known, PM_F_switch_voluntary);
  r->switch_involuntary = group_counter(g, known, PM_F_switch_involuntary);
}

static void put_events(const struct pm_group *g, struct pm_rows_interval f,
                       struct pm_group_row *r) {
  r->starts = (double)g->events[PM_EVENT_START];
  if (!f.exits)
    return;
  r->exit_ok = (double)g->events[PM_EVENT_EXIT_OK];
  r->exit_error = (double)g->events[PM_EVENT_EXIT_ERROR];
  r->exit_signal = (double)g->events[PM_EVENT_EXIT_SIGNAL];
  r->oom = (double)g->events[PM_EVENT_OOM];
}

static void put_cpu(uint64_t spent_ns, struct pm_rows_interval f,
                    struct pm_group_row *r) {
  r->cpu_percent = percent_of(spent_ns, f.wall_ns * f.cpus);
  r->cpu_cores = f.wall_ns ? (double)spent_ns / (double)f.wall_ns : NAN;
}

static double age_seconds(uint64_t birth, struct pm_rows_interval f) {
  if (!pm_is_birth(birth, f.tick_ns, f.boot_ns))
    return NAN;
  double now = (double)f.boot_ns / (double)PM_NS_PER_S;
  double born = (double)(birth * f.tick_ns) / (double)PM_NS_PER_S;
  return now > born ? now - born : 0;
}

static void put_gauges(const struct pm_group *g, uint32_t known,
                       struct pm_rows_interval f, struct pm_group_row *r) {
  r->rss = group_gauge(g, known, PM_F_rss);
  r->anon = group_gauge(g, known, PM_F_anon);
  r->file = group_gauge(g, known, PM_F_file);
  r->shmem = group_gauge(g, known, PM_F_shmem);
  r->hugetlb = group_gauge(g, known, PM_F_hugetlb);
  r->vsize = group_gauge(g, known, PM_F_vsize);
  r->swap = group_gauge(g, known, PM_F_swap);
  r->processes = g->processes;
  r->threads = group_gauge(g, known, PM_F_threads);
  r->fds = group_gauge(g, known, PM_F_fds);
  r->fd_percent = clamp_percent(group_gauge(g, known, PM_F_fd_share) / 1e4);
  uint64_t birth = g->gauge[PM_F_birth - PM_F_COUNTERS];
  if (birth)
    r->oldest = age_seconds(birth, f);
  if (known & PM_BIT(PM_F_rss))
    r->memory_percent =
        percent_of(g->gauge[PM_F_rss - PM_F_COUNTERS], f.memory_bytes);
  if (f.wall_ns && known & PM_BIT(PM_F_delay_cpu))
    r->delay = (double)g->waited_ns / (double)f.wall_ns;
}

static void begin_row(const struct pm_group *g, struct pm_group_row *r) {
  memcpy(r->name, g->name, sizeof r->name);
  r->kind = g->kind;
  r->full = g->full;
  set_unknown(r);
}

void pm_rows_group(const struct pm_group *g, struct pm_rows_interval f,
                   struct pm_group_row *r) {
  uint32_t known = known_fields(g, f);
  begin_row(g, r);
  put_counters(g, known, r);
  put_events(g, f, r);
  put_cpu(g->spent_ns, f, r);
  put_gauges(g, known, f, r);
}

void pm_rows_entered(const struct pm_group *g, struct pm_rows_interval f,
                     struct pm_group_row *r) {
  f.wall_ns = 0;
  pm_rows_group(g, f, r);
}

void pm_rows_evicted(const struct pm_group *g, struct pm_rows_interval f,
                     struct pm_group_row *r) {
  struct pm_group empty = *g;
  memset(empty.gauge, 0, sizeof empty.gauge);
  empty.processes = 0;
  empty.lacks = 0;
  pm_rows_group(&empty, f, r);
}

void pm_rows_left(const struct pm_group *g, struct pm_rows_interval f,
                  struct pm_group_row *r) {
  struct pm_group idle = *g; /* what it uses now is charged to _other */
  idle.spent_ns = idle.waited_ns = 0;
  pm_rows_evicted(&idle, f, r);
}

void pm_rows_unattributed(const char *name, uint64_t total_ns,
                          uint64_t spent_ns, struct pm_rows_interval f,
                          struct pm_group_row *r) {
  struct pm_group nobody = {.kind = PM_ROW_PSEUDO};
  pm_copy_text(nobody.name, sizeof nobody.name, name);
  begin_row(&nobody, r);
  /* user or system time is not known; only the sum counts */
  r->cpu_user = 0;
  r->cpu_system = floor((double)total_ns / 1000);
  put_cpu(spent_ns, f, r);
}

void pm_rows_count_state(struct pm_states *s, char letter) {
  switch (letter) {
  case 'R':
    s->running++;
    break;
  case 'D':
    s->blocked++;
    break;
  case 'T':
  case 't':
    s->stopped++;
    break;
  case 'Z':
  case 'X':
    s->zombies++;
    break;
  case 'I':
    s->idle++;
    break;
  default:
    s->sleeping++;
  }
}

static double entry_gauge(const struct pm_entry *e, enum pm_field f) {
  return e->known & PM_BIT(f) ? (double)pm_gauge(e, f) : NAN;
}

void pm_rows_process_left(const struct pm_group *g, unsigned slot,
                          struct pm_process_row *r) {
  *r = (struct pm_process_row){.pid = 0};
  snprintf(r->name, sizeof r->name, "%s-%u", g->name, slot);
}

void pm_rows_process(const struct pm_group *g, unsigned slot,
                     const struct pm_entry *e, struct pm_rows_interval f,
                     struct pm_process_row *r) {
  *r = (struct pm_process_row){.pid = e->pid};
  snprintf(r->name, sizeof r->name, "%s-%u", g->name, slot);
  r->cpu_percent = percent_of(e->spent_ns, f.wall_ns * f.cpus);
  r->cpu_cores = f.wall_ns ? (double)e->spent_ns / (double)f.wall_ns : NAN;
  r->rss = entry_gauge(e, PM_F_rss);
  r->vsize = entry_gauge(e, PM_F_vsize);
  r->threads = entry_gauge(e, PM_F_threads);
  r->memory_percent =
      isnan(r->rss) ? NAN : percent_of((uint64_t)r->rss, f.memory_bytes);
  r->uptime = age_seconds(e->birth, f);
  struct pm_states s = {0};
  pm_rows_count_state(&s, e->state);
  r->running = s.running;
  r->sleeping = s.sleeping;
  r->blocked = s.blocked;
  r->stopped = s.stopped;
  r->zombies = s.zombies;
  r->idle = s.idle;
}
