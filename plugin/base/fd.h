/* Descriptors that stay open are moved to 1024 or above, to leave the low ones
 * to plugins that still use select(2). */
#ifndef PM_BASE_FD_H
#define PM_BASE_FD_H

/* Moves fd (may be -1) to 1024 or above and closes the old one, if
 * RLIMIT_NOFILE allows it.  Returns the descriptor to use. */
int pm_fd_high(int fd);

#endif
