/* A process's gauges: kept from turn to turn, joined into its group's.  For the
 * files of cycle/, on the tick's thread. */
#ifndef PM_CORE_ACCOUNT_GAUGES_H
#define PM_CORE_ACCOUNT_GAUGES_H

#include "core/account/group.h"
#include "core/account/table.h"

/* What a group without Detail "full" needs: its series, and its admission. */
#define PM_GAUGES_BASIC                                                        \
  (PM_BIT(PM_F_rss) | PM_BIT(PM_F_anon) | PM_BIT(PM_F_threads) |               \
   PM_BIT(PM_F_birth))

/* Memory comes in pages, and no page is smaller than 4096 bytes.  So a number
 * of 32 bits holds 16 TiB of one kind; more of it is not known. */
static inline unsigned pm_gauge_shift(enum pm_field f) {
  return f >= PM_F_anon && f <= PM_F_swap ? 12 : 0;
}

/* One that is known. */
static inline uint64_t pm_gauge(const struct pm_entry *e, enum pm_field f) {
  if (f == PM_F_rss)
    return e->rss;
  if (f == PM_F_vsize)
    return e->vsize;
  if (f == PM_F_birth)
    return e->birth;
  return (uint64_t)e->narrow[f - PM_F_NARROW] << pm_gauge_shift(f);
}

void pm_gauges_keep(struct pm_entry *entry, const struct pm_task *task);

/* The resident memory of stat(5) is an approximation.  What it lacked when it
 * was compared with status(5) is added to what was kept of it. */
void pm_gauges_correct_rss(struct pm_entry *entry);
/* Compares: entry->rss is as corrected in this turn, exact is of status.  The
 * group's sum gets the difference. */
void pm_gauges_compare_rss(struct pm_entry *entry, uint64_t exact);

/* Those of these gauges that the group has. */
uint32_t pm_gauges_wanted(const struct pm_group *group, uint32_t fields);

/* Joins these fields; the group lacks those that the entry does not know. */
void pm_gauges_join(struct pm_entry *entry, uint32_t fields);

#endif
