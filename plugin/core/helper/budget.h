/* For how long a turn may still wait for procman-hold, in all.  The cycle sets
 * it; those that wait take from it. */
#ifndef PM_CORE_HELPER_BUDGET_H
#define PM_CORE_HELPER_BUDGET_H

#include "base/now.h"

/* Together 50 ms.  Each has its own, so that none is left without.  A listing
 * of the sensors may take longer (machine/sensor.c), as no user can slow it. */
#define PM_BUDGET_MACHINE_NS (20 * PM_NS_PER_S / 1000) /* disks, sensors */
#define PM_BUDGET_SCAN_NS (15 * PM_NS_PER_S / 1000)    /* the list of all */
#define PM_BUDGET_TURN_NS (15 * PM_NS_PER_S / 1000)    /* files, user names */

struct pm_budget {
  uint64_t left_ns;
};

static inline void pm_budget_take(struct pm_budget *budget, uint64_t ns) {
  budget->left_ns -= ns < budget->left_ns ? ns : budget->left_ns;
}

/* Of at most `most`; rounded up, so that what is left is used up. */
static inline int pm_budget_ms(const struct pm_budget *budget, int most) {
  uint64_t ms = (budget->left_ns + 999999) / 1000000;
  return ms < (uint64_t)most ? (int)ms : most;
}

#endif
