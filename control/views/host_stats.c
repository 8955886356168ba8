#include "views/host_stats.h"

/* The kernel counts idle time in ticks of 10 ms: over a shorter time a
 * percentage would be noise. */
#define ENOUGH_NS (PM_NS_PER_S / 2)

void pm_host_stats_init(struct pm_host_stats *machine,
                        const struct pm_root *root) {
  *machine = (struct pm_host_stats){.root = root};
}

void pm_host_stats_done(struct pm_host_stats *machine) {
  pm_system_done(&machine->files);
}

/* The current reading, valid until the next call; what could not be read is
 * NaN. */
static const struct pm_system_reading *read_now(struct pm_host_stats *m,
                                                struct pm_now now) {
  if (m->fresh.mono != now.mono)
    pm_system_sample(&m->files, m->root, now, &m->fresh, NULL);
  return &m->fresh;
}

void pm_host_stats_keep_base(struct pm_host_stats *m, struct pm_now now) {
  if (m->bases[1].mono && now.mono - m->bases[1].mono < ENOUGH_NS)
    return;
  m->bases[0] = m->bases[1];
  m->bases[1] = *read_now(m, now);
}

const struct pm_system_reading *pm_host_stats_base(struct pm_host_stats *m,
                                                   struct pm_now now) {
  bool recent = now.mono - m->bases[1].mono < ENOUGH_NS;
  return &m->bases[recent ? 0 : 1];
}

void pm_host_stats_row_since(struct pm_host_stats *m, struct pm_now now,
                             struct pm_system_reading *base,
                             struct pm_system_row *row, uint32_t *ret_cpus) {
  struct pm_system_sums sums;
  const struct pm_system_reading *fresh = read_now(m, now);
  pm_system_rates(m->root, base, fresh, row, &sums);
  *ret_cpus = sums.cpus;
  *base = *fresh;
}
