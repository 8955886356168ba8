/* Packets with descriptors beside them (SCM_RIGHTS of unix(7)), between our own
 * processes. */
#ifndef PM_BASE_PASS_H
#define PM_BASE_PASS_H

#include <stddef.h>
#include <sys/types.h>

enum { PM_PASS_MOST = 2 }; /* descriptors in a packet */

struct pm_pass {
  int fd[PM_PASS_MOST];
  size_t count;
};

/* Does not wait for room.  The descriptors stay the caller's. 0 or -errno. */
int pm_pass_send(int sock, const void *bytes, size_t length,
                 const struct pm_pass *fds);

/* Receives one packet; flags of recv(2).  Returns its length, also if it is
 * longer than size, as with MSG_TRUNC; 0: end of file; -errno.  What came
 * beside it is the caller's, close-on-exec. */
ssize_t pm_pass_receive(int sock, void *ret_bytes, size_t size, int flags,
                        struct pm_pass *ret_fds);

#endif
