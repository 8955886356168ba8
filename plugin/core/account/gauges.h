/* A process's gauges: kept from turn to turn, joined into its group's.  For the
 * files of cycle/, on the tick's thread. */
#ifndef PM_CORE_ACCOUNT_GAUGES_H
#define PM_CORE_ACCOUNT_GAUGES_H

#include "core/account/group.h"
#include "core/account/table.h"

void pm_gauges_keep(struct pm_entry *entry, const struct pm_task *task);

/* Joins these fields; the group lacks those that the entry does not know. */
void pm_gauges_join(struct pm_entry *entry, uint32_t fields);

#endif
