/* Descriptors that live as long as the plugin stay out of the way of plugins
 * that still use select(2), which ends at 1024. */
#ifndef PM_BASE_FD_H
#define PM_BASE_FD_H

/* Moves fd (-1 is fine) to 1024 or above, where the limit allows it; returns
 * where it is now.  fd itself is then closed. */
int pm_fd_high(int fd);

#endif
