/* The other end of the control socket: connecting, writing, and a descriptor
 * of which the last close blocks. */
#ifndef PM_FAKES_UNIX_H
#define PM_FAKES_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to that path that does not block, or -errno. */
int unix_connect(const char *path);
/* Two connected ends, neither of which blocks. */
void unix_pair(int ends[2]);

/* Passes a descriptor along with a text; flags: MSG_OOB.  0 or -errno. */
int unix_pass(int fd, const char *text, int flags, int passed);

/* A TCP connection with a full queue and SO_LINGER of 20 s: whoever closes
 * [0] last waits so long, unless [1] is closed before. */
void lingering(int ends[2]);

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t clock_ms(void);
void sleep_ms(unsigned ms);
/* How many descriptors this process has open. */
size_t open_descriptors(void);

#endif
