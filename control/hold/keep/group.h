/* The job's control group, which nobody leaves: what a stop reaches.  Opened
 * with the ids that the holder was started with; the kernel asks for those when
 * the files are written to later (Linux 5.16, commit 1756d7994ad8). */
#ifndef PM_KEEP_GROUP_H
#define PM_KEEP_GROUP_H

#include "base/job_spec.h"
#include "hold/members.h"

#include <stdbool.h>
#include <stdint.h>

struct keep_group {
  int procs;   /* cgroup.procs; -1: the job has no group */
  int kill;    /* cgroup.kill; -1: before Linux 5.14, or the holder is in it */
  int events;  /* cgroup.events, of groups below, too: root can make some */
  int memory;  /* memory.events; -1: without that controller */
  uint64_t id; /* as the kernel counts them; 0: none */
  bool inside; /* the holder is a member, so are its children: a service */
  int signal;  /* whom a stop has reached so far */
  struct hold_pids told;
  bool limited; /* to all that the spec says */
};

#define KEEP_GROUP_INIT                                                        \
  { .procs = -1, .kill = -1, .events = -1, .memory = -1 }

/* The one that the job's folder links to.  -ENOENT: there is none; -errno. */
int keep_group_open(struct keep_group *group, int folder,
                    const struct pm_job_fields *fields);
/* In a unit of systemd's, the one that the holder is in.  -ENOENT: it is in no
 * unit, or in one with others, and whom it had before, `known` (0: none), was
 * another; -errno. */
int keep_group_open_own(struct keep_group *group,
                        const struct pm_job_fields *fields, uint64_t known);
void keep_group_close(struct keep_group *group);

/* Whoever it forks is in it, too. */
int keep_group_add(const struct keep_group *group, int32_t pid);

/* Sends SIGTERM to each member that has not had it yet, or SIGKILL to all; but
 * not to `leader`, who is told by his own pidfd.  Returns how many others live
 * that a signal, or cgroup.kill, can reach. */
int keep_group_signal(struct keep_group *group, int32_t leader, int signal);
/* From now on all are to have it again. */
void keep_group_forget(struct keep_group *group);

/* How many members the kernel has killed for want of memory; 0: none, or not
 * known. */
uint64_t keep_group_oom_kills(const struct keep_group *group);

#endif
