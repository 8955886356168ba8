#include "core/account/gauges.h"

static void keep_narrow(struct pm_entry *e, enum pm_field f, uint64_t value) {
  uint64_t number = value >> pm_gauge_shift(f);
  e->narrow[f - PM_F_NARROW] = (uint32_t)number;
  if (number > UINT32_MAX)
    e->known &= ~PM_BIT(f);
}

void pm_gauges_keep(struct pm_entry *e, const struct pm_task *t) {
  enum { NARROW = (PM_BIT(PM_F_NARROWS) - 1) << PM_F_NARROW };
  e->known |= t->have & ~PM_HAVE_COUNTERS;
  if (t->have & PM_BIT(PM_F_rss))
    e->rss = t->v[PM_F_rss];
  if (t->have & PM_BIT(PM_F_vsize))
    e->vsize = t->v[PM_F_vsize];
  for (uint32_t bits = t->have & NARROW; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    keep_narrow(e, f, t->v[f]);
  }
}

enum { PAGE = 4096 };

/* One that has no memory any more lacks none. */
void pm_gauges_correct_rss(struct pm_entry *e) {
  int64_t lacks = (int64_t)e->rss_lacks * PAGE;
  if (e->rss == 0 || (lacks < 0 && (uint64_t)-lacks > e->rss))
    e->rss_lacks = 0;
  else
    e->rss += (uint64_t)lacks;
}

void pm_gauges_compare_rss(struct pm_entry *e, uint64_t exact) {
  int64_t more = (int64_t)(exact - e->rss) / PAGE;
  int64_t lacks = e->rss_lacks + more;
  if (!(e->known & PM_BIT(PM_F_rss)) || lacks != (int32_t)lacks)
    return;
  e->rss_lacks = (int32_t)lacks;
  e->rss = exact;
  e->group->gauge[PM_F_rss - PM_F_COUNTERS] += (uint64_t)(more * PAGE);
}

uint32_t pm_gauges_wanted(const struct pm_group *g, uint32_t fields) {
  return g->full ? fields & ~PM_HAVE_COUNTERS : fields & PM_GAUGES_BASIC;
}

void pm_gauges_join(struct pm_entry *e, uint32_t fields) {
  uint32_t wanted = pm_gauges_wanted(e->group, fields);
  for (uint32_t bits = wanted & e->known; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    pm_group_join(e->group, f, pm_gauge(e, f));
  }
  e->group->lacks |= wanted & ~e->known;
}
