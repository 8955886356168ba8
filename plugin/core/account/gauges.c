#include "core/account/gauges.h"

void pm_gauges_keep(struct pm_entry *e, const struct pm_task *t) {
  for (uint32_t bits = t->have & ~PM_HAVE_COUNTERS; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    e->gauge[f - PM_F_COUNTERS] = t->v[f];
    e->known |= PM_BIT(f);
  }
}

void pm_gauges_join(struct pm_entry *e, uint32_t fields) {
  for (uint32_t bits = fields & e->known & ~PM_HAVE_COUNTERS; bits;
       bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    pm_group_join(e->group, f, e->gauge[f - PM_F_COUNTERS]);
  }
  e->group->lacks |= fields & ~e->known;
}
