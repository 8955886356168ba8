#include "base/sealed.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int write_part(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? -errno : -EIO;
    bytes += n;
    length -= (size_t)n;
  }
  return 0;
}

int pm_sealed_new(const struct iovec *parts, int count) {
  PM_CLEAN_FD int fd =
      memfd_create("procman-request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return -errno;
  for (int i = 0; i < count; i++) {
    int status = write_part(fd, parts[i].iov_base, parts[i].iov_len);
    if (status < 0)
      return status;
  }
  if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
    return -errno;
  int taken = fd;
  fd = -1;
  return taken;
}

ssize_t pm_sealed_read(int fd, void *ret, size_t size) {
  struct stat st;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS)
    return -EPERM;
  if (fstat(fd, &st) < 0)
    return -errno;
  if ((size_t)st.st_size > size)
    return -EMSGSIZE;
  ssize_t n;
  do
    n = pread(fd, ret, (size_t)st.st_size, 0);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n == st.st_size ? n : -EIO;
}
