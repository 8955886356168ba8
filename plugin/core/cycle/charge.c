#include "core/cycle/charge.h"

static void charge_field(struct pm_cycle *c, struct pm_entry *e,
                         enum pm_field f, uint64_t delta) {
  pm_groups_charge(&c->groups, e->group, f, delta);
  e->last[f] += delta;
  e->flags |= PM_ENTRY_MOVED;
  if (!(PM_BIT(f) & PM_HAVE_CPU))
    return;
  e->spent_ns += delta;
  e->since_snapshot_ns += delta;
  c->books.charged += delta;
}

void pm_charge_base(struct pm_entry *e, const struct pm_task *t,
                    bool from_zero) {
  for (uint32_t bits = t->have & ~e->known & PM_HAVE_COUNTERS; bits;
       bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    e->known |= PM_BIT(f);
    e->last[f] = from_zero ? 0 : t->v[f];
  }
}

/* The sum is exact and only grows; the halves are the kernel's estimate, made
 * anew each time.  Neither may fall, and they must add up to the sum: the rule
 * of cputime_adjust() in kernel/sched/cputime.c. */
static void charge_cpu(struct pm_cycle *c, struct pm_entry *e,
                       const struct pm_task *t) {
  uint64_t user = e->last[PM_F_cpu_user], system = e->last[PM_F_cpu_system];
  uint64_t sum = t->v[PM_F_cpu_user] + t->v[PM_F_cpu_system];
  if (sum <= user + system)
    return;
  uint64_t more = sum - user - system, in_system = 0;
  if (t->v[PM_F_cpu_system] > system)
    in_system = t->v[PM_F_cpu_system] - system;
  if (in_system > more)
    in_system = more;
  if (in_system)
    charge_field(c, e, PM_F_cpu_system, in_system);
  if (more - in_system)
    charge_field(c, e, PM_F_cpu_user, more - in_system);
}

void pm_charge_growth(struct pm_cycle *c, struct pm_entry *e,
                      const struct pm_task *t) {
  if ((t->have & PM_HAVE_CPU) == PM_HAVE_CPU)
    charge_cpu(c, e, t);
  uint32_t held = e->flags & PM_ENTRY_IO_WAITS ? PM_HAVE_IO : 0;
  for (uint32_t bits = t->have & PM_HAVE_COUNTERS & ~PM_HAVE_CPU & ~held; bits;
       bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    if (t->v[f] > e->last[f])
      charge_field(c, e, f, t->v[f] - e->last[f]);
  }
}

void pm_charge_lower_delay(struct pm_entry *e, const struct pm_task *t) {
  uint64_t *last = &e->last[PM_F_delay_cpu];
  if (t->have & PM_BIT(PM_F_delay_cpu) && t->v[PM_F_delay_cpu] < *last)
    *last = t->v[PM_F_delay_cpu];
}
