/* The members of a control group, and signals for them. */
#ifndef PM_HOLD_MEMBERS_H
#define PM_HOLD_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hold_pids {
  int32_t *at;
  size_t count, room;
}; /* zeroed: none; at is the owner's to free */

bool hold_pids_contain(const struct hold_pids *pids, int32_t pid);

/* procs: cgroup.procs, open for reading; adds its processes, without those that
 * only wait to be reaped.  -errno. */
int hold_members_list(int procs, struct hold_pids *ret);

/* Sends the signal to all of the list that are members still, each verified
 * under its pidfd, and 0 to those in `spare`, which may be NULL.  Returns how
 * many of them live; ret_denied: and how many more, that must not be
 * signalled. */
int hold_members_signal(int procs, const struct hold_pids *members,
                        const struct hold_pids *spare, int signal,
                        int *ret_denied);

#endif
