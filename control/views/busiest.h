/* The processes that use the most CPU, chosen once for each snapshot for all
 * monitors. */
#ifndef PM_VIEWS_BUSIEST_H
#define PM_VIEWS_BUSIEST_H

#include "core/snapshot/snapshot.h"

enum { PM_BUSIEST_MAX = 100 };

struct pm_busiest {
  uint64_t number; /* of the snapshot; 0: none yet */
  uint32_t count;
  uint32_t row[PM_BUSIEST_MAX]; /* indexes of the snapshot's processes, busiest
                                 * first */
};

/* Among the processes for which wanted() is true; NULL: all. */
void pm_busiest_choose(
    struct pm_busiest *top, const struct pm_snapshot *snapshot,
    bool (*wanted)(void *arg, const struct pm_snapshot_process *process),
    void *arg);

#endif
