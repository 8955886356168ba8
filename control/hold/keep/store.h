/* The service manager's store of descriptors, sd_notify(3) and
 * sd_listen_fds(3): idle read ends of the FIFOs that keep what is in them while
 * no holder lives.  Without one, another process may hold them. */
#ifndef PM_KEEP_STORE_H
#define PM_KEEP_STORE_H

/* Descriptors that this process was started with: from 3 on, so many.  They are
 * left open, close-on-exec, until the FIFOs are. */
int keep_store_count(void);
void keep_store_leave(int count);

/* Gives it a copy.  It is not to be told of a hang-up, which would end its
 * keeping (FDPOLL=0).  Nothing happens where there is no such manager. */
void keep_store_put(int fd, const char *name);

#endif
