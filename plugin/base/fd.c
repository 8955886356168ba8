#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

enum { HIGH = 1024 };

int pm_fd_high(int fd) {
  if (fd >= HIGH)
    return fd;
  int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
  if (high < 0)
    return fd;
  close(fd);
  return high;
}
