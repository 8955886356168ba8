/* The systemd unit behind a control group's path (systemd.unit(5),
 * https://systemd.io/CGROUP_DELEGATION).  Pure. */
#ifndef PM_CORE_IDENTITY_UNIT_H
#define PM_CORE_IDENTITY_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/* The innermost service or scope in the path.  False: there is none. */
bool pm_unit_of(const char *cgroup, char *ret, size_t size);

/* The unit's name as a group's, in place: it never grows.  Units that carry a
 * number that counts up (login sessions, systemd-run, core dumps), the address
 * of a connection or a random id (containers, snaps) become one each kind, or
 * every login would make a series.  A number that somebody chose
 * (redis@6379.service) stays. */
void pm_unit_group(char *unit);

#endif
