#include "core/machine/rates.h"

/* What a counter may fall by while it goes on counting, in ticks of each CPU:
 * the kernel sums up over its CPUs while they change. */
enum { JITTER_TICKS = 10 };

static uint64_t growth(uint64_t now, uint64_t before) {
  return now > before ? now - before : 0; /* iowait may step back: proc(5) */
}

/* Of all ticks between two readings.  guest and guest_nice are already part
 * of user and nice (psutil and the kernel's account_guest_time()). */
static void tick_shares(const struct pm_cpu_times *a,
                        const struct pm_cpu_times *b,
                        struct pm_system_row *row) {
  double user =
      (double)growth(b->user, a->user) + (double)growth(b->nice, a->nice);
  double system = (double)growth(b->system, a->system) +
                  (double)growth(b->irq, a->irq) +
                  (double)growth(b->softirq, a->softirq);
  double wait = (double)growth(b->iowait, a->iowait);
  double steal = (double)growth(b->steal, a->steal);
  double all = user + system + wait + steal + (double)growth(b->idle, a->idle);
  if (all <= 0)
    return;
  row->user = 100 * user / all;
  row->system = 100 * system / all;
  row->wait = 100 * wait / all;
  row->steal = 100 * steal / all;
}

/* Has a counter fallen, as after a migration to another machine? */
static bool stepped_back(const struct pm_cpu_times *a,
                         const struct pm_cpu_times *b) {
  const uint64_t pairs[][2] = {
      {a->user, b->user},   {a->nice, b->nice}, {a->system, b->system},
      {a->idle, b->idle},   {a->irq, b->irq},   {a->softirq, b->softirq},
      {a->steal, b->steal},
  };
  uint64_t jitter = (uint64_t)JITTER_TICKS * b->cpus;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (growth(pairs[i][0], pairs[i][1]) > jitter)
      return true;
  return false;
}

/* The ticks in which no CPU worked; false if some of them cannot be: a counter
 * jumped, such as steal after a migration. */
static bool count_not_busy(const struct pm_cpu_times *a,
                           const struct pm_cpu_times *b, uint64_t capacity,
                           uint64_t *ret) {
  const uint64_t grown[] = {growth(b->idle, a->idle),
                            growth(b->iowait, a->iowait),
                            growth(b->steal, a->steal)};
  uint64_t most = 2 * capacity + (uint64_t)JITTER_TICKS * b->cpus;
  *ret = 0;
  for (size_t i = 0; i < sizeof grown / sizeof *grown; i++) {
    if (grown[i] > most)
      return false;
    *ret += grown[i];
  }
  return true;
}

/* busy = wall x online CPUs - idle - iowait - steal.  Not the sum of the busy
 * ticks: a load that sleeps at every tick does not show there. */
static bool busy_time(const struct pm_root *root,
                      const struct pm_system_reading *before,
                      const struct pm_system_reading *now,
                      struct pm_system_sums *sums) {
  const struct pm_cpu_times *a = &before->cpu, *b = &now->cpu;
  uint64_t wall_ns = growth(now->mono, before->mono);
  uint64_t capacity_ns = wall_ns * b->cpus, ticks;
  if (capacity_ns == 0 || a->cpus != b->cpus || now->idle_is_stuck ||
      stepped_back(a, b) ||
      !count_not_busy(a, b, capacity_ns / root->units.tick_ns, &ticks))
    return false;
  sums->wall_ns = wall_ns;
  sums->busy_ns = growth(capacity_ns, ticks * root->units.tick_ns);
  return true;
}

void pm_system_rates(const struct pm_root *root,
                     const struct pm_system_reading *before,
                     const struct pm_system_reading *now,
                     struct pm_system_row *row, struct pm_system_sums *sums) {
  *row = now->row;
  *sums = (struct pm_system_sums){.cpus = now->cpu.cpus};
  if (row->total > 0)
    sums->memory_bytes = (uint64_t)row->total;
  sums->read = now->mono != 0;
  if (before->mono == 0 || now->mono == 0)
    return;
  sums->known = busy_time(root, before, now, sums);
  if (!sums->known)
    return;
  row->cpu = 100 * (double)sums->busy_ns /
             ((double)sums->wall_ns * (double)now->cpu.cpus);
  tick_shares(&before->cpu, &now->cpu, row);
}
