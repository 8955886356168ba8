/* SystemInfo: the machine as JSON.  Pure. */
#ifndef PM_VIEWS_SYSTEM_H
#define PM_VIEWS_SYSTEM_H

#include "core/snapshot/snapshot.h"

#include "wire/json_out.h"

/* Writes its fields into an object that is open. snapshot has the disks and
 * temperatures and may be NULL. */
void pm_view_system(struct pm_json_out *out, const struct pm_system_row *row,
                    uint32_t cpus, const struct pm_snapshot *snapshot);
/* Writes an array that describes it. */
void pm_view_system_describe(struct pm_json_out *out);

#endif
