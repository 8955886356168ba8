/* The systemd unit behind a control group's path (systemd.unit(5),
 * https://systemd.io/CGROUP_DELEGATION).  Pure. */
#ifndef PM_CORE_IDENTITY_UNIT_H
#define PM_CORE_IDENTITY_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/* The innermost service or scope in the path.  False: there is none. */
bool pm_unit_of(const char *cgroup, char *ret, size_t size);

/* The unit's name as a group's: units that systemd numbers (login sessions,
 * systemd-run) become one, or every login would make a series. */
void pm_unit_group(char *unit);

#endif
