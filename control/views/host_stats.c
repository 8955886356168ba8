#include "views/host_stats.h"

/* The kernel counts idle time in ticks of 1/100 s: over less than this, a
 * percentage would be noise. */
#define ENOUGH_NS (PM_NS_PER_S / 2)

void pm_machine_init(struct pm_machine *machine, const struct pm_root *root) {
  *machine = (struct pm_machine){.root = root};
}

void pm_machine_done(struct pm_machine *machine) {
  pm_system_done(&machine->files);
}

const struct pm_system_reading *pm_machine_look(struct pm_machine *m,
                                                struct pm_now now) {
  if (m->fresh.mono != now.mono)
    pm_system_look(&m->files, m->root, now, &m->fresh, NULL);
  return &m->fresh;
}

void pm_machine_mark(struct pm_machine *m, struct pm_now now) {
  if (m->marks[1].mono && now.mono - m->marks[1].mono < ENOUGH_NS)
    return;
  m->marks[0] = m->marks[1];
  m->marks[1] = *pm_machine_look(m, now);
}

const struct pm_system_reading *pm_machine_base(struct pm_machine *m,
                                                struct pm_now now) {
  bool recent = now.mono - m->marks[1].mono < ENOUGH_NS;
  return &m->marks[recent ? 0 : 1];
}

void pm_machine_row_since(struct pm_machine *m, struct pm_now now,
                          struct pm_system_reading *base,
                          struct pm_system_row *row, uint32_t *ret_cpus) {
  struct pm_system_sums sums;
  const struct pm_system_reading *fresh = pm_machine_look(m, now);
  pm_system_between(m->root, base, fresh, row, &sums);
  *ret_cpus = sums.cpus;
  *base = *fresh;
}
