/* A record of any size for another process, as a memory file that nobody can
 * change any more: memfd_create(2), F_SEAL_WRITE in fcntl(2).  A packet of a
 * SOCK_SEQPACKET pair ends where the send buffer does, at some 200 KiB. */
#ifndef PM_BASE_SEALED_H
#define PM_BASE_SEALED_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A descriptor, close-on-exec, which the caller owns; or -errno. */
int pm_sealed_new(const struct iovec *parts, int count);

/* Copies all of it; returns its length.  -EMSGSIZE: it is longer than size;
 * -EPERM: it is not sealed; another -errno. */
ssize_t pm_sealed_read(int fd, void *ret, size_t size);

#endif
