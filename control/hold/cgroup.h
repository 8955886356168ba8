/* The unified hierarchy of control groups, cgroup2: where it is mounted, and
 * its files.  The kernel's Documentation/admin-guide/cgroup-v2.rst says what
 * they mean. */
#ifndef PM_HOLD_CGROUP_H
#define PM_HOLD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOLD_CGROUP_PATH = 512 };

/* The first mount of it that can be written to, in the text of
 * /proc/self/mountinfo.  Pure. */
bool hold_cgroup_find_mount(const char *mountinfo, char *ret, size_t size);

/* The same of this machine.  -ENOTSUP: there is none. */
int hold_cgroup_mount(char *ret, size_t size);

/* All groups are a service manager's, systemd's, who alone may make some. */
bool hold_cgroup_is_managed(void);

/* Where groups can be made.  -ENOTSUP: there is none, or they are managed. */
int hold_cgroup_find(char *ret, size_t size);

/* The group that this process is in, whoever made it.  -ENOTSUP: none of
 * cgroup2's, or it cannot be written to. */
int hold_cgroup_find_own(char *ret, size_t size);

/* Is the controller there for that group? */
bool hold_cgroup_has(int dir, const char *controller);

/* A file of the group that dir is; one write.  -errno. */
int hold_cgroup_write(int dir, const char *file, const char *text);

/* Makes the controller available below that group.  -ENOTSUP: the group does
 * not have it; -errno. */
int hold_cgroup_enable(int dir, const char *controller);

#endif
