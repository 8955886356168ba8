/* The container behind a control group's path: docker, podman, containerd,
 * cri-o, pods of kubernetes, lxc and systemd-nspawn, with cgroups of version 2,
 * version 1 or both.  Nothing but the path is looked at.  Pure. */
#ifndef PM_CORE_IDENTITY_CONTAINER_H
#define PM_CORE_IDENTITY_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

/* The outermost container in the path: it is the one that this machine's
 * administrator knows.  The name that somebody gave to it where the path has
 * one, otherwise the runtime and the beginning of its id; *ret_is_id says
 * which.  False: there is none, or its name does not fit. */
bool pm_container_of(const char *cgroup, char *ret, size_t size,
                     bool *ret_is_id);

#endif
