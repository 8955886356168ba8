/* A process' gauges: kept from turn to turn, joined in its group's.  For a
 * cycle's own files. */
#ifndef PM_CORE_ACCOUNT_GAUGES_H
#define PM_CORE_ACCOUNT_GAUGES_H

#include "core/account/group.h"
#include "core/account/table.h"

void pm_gauges_keep(struct pm_entry *entry, const struct pm_task *task);

/* Of these fields; the group lacks what the entry does not know. */
void pm_gauges_join(struct pm_entry *entry, uint32_t fields);

#endif
