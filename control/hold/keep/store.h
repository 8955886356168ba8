/* The service manager's store of descriptors, sd_notify(3) and
 * sd_listen_fds(3): idle read ends of the FIFOs, which keep what is in them
 * while no holder lives, and the workload's pidfd, which keeps its exit.
 * Without systemd it
 * is procman-hold fdstore, which understands the same (hold/fd_message.h). */
#ifndef PM_KEEP_STORE_H
#define PM_KEEP_STORE_H

/* Descriptors that this process was started with: from 3 on, so many.  They are
 * left open, close-on-exec, until keep_store_leave. */
int keep_store_count(void);
void keep_store_leave(int count);

/* The one of that name among so many, or -1. */
int keep_store_find(int count, const char *name);

/* Before the ids are taken on, which may not be let in later; job: its id. */
void keep_store_open(const char *job);

/* Gives the manager a copy.  It is not to look for a hang-up, which would end
 * its keeping (FDPOLL=0). */
void keep_store_put(int fd, const char *name);
/* It may let go of all of that name. */
void keep_store_drop(const char *name);

#endif
