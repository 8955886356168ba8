#include "base/own_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

int pm_own_folder_open(const char *path) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  bool ours = fstat(fd, &st) == 0 && !(st.st_mode & 022) &&
              (st.st_uid == geteuid() || st.st_uid == 0);
  if (ours)
    return fd;
  close(fd);
  return -EPERM;
}
