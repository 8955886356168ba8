#include "hold/save.h"

#include "hold/request.h"

#include "base/clean.h"
#include "base/hold_save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others could put a link there, or a file of theirs.  One after the other:
 * what one writes is not the next one's. */
static int open_folder(const char *path) {
  struct stat st;
  if (mkdir(path, 0700) < 0 && errno != EEXIST)
    return -errno;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  bool ours =
      fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
  int status = !ours ? -EPERM : flock(fd, LOCK_EX) < 0 ? -errno : fd;
  if (status < 0)
    close(fd);
  return status;
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno != EINTR)
      return -errno;
    bytes += n > 0 ? n : 0;
    length -= n > 0 ? (size_t)n : 0;
  }
  /* or the new name could be there after a power cut, without the content */
  return fdatasync(fd) < 0 ? -errno : 0;
}

static int replace(int folder, const char *bytes, size_t length) {
  PM_CLEAN_FD int fd =
      openat(folder, PM_HOLD_SAVE_NEW,
             O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  int status = write_all(fd, bytes, length);
  if (status == 0 &&
      renameat(folder, PM_HOLD_SAVE_NEW, folder, PM_HOLD_SAVE_FILE) < 0)
    status = -errno;
  if (status < 0)
    unlinkat(folder, PM_HOLD_SAVE_NEW, 0);
  return status;
}

static int serve(const char *path) {
  PM_CLEAN_MEM char *record = malloc(PM_HOLD_SAVE_MOST);
  int with;
  if (!record)
    return -ENOMEM;
  ssize_t n = hold_request_receive(record, PM_HOLD_SAVE_MOST, &with);
  if (n < 0)
    return (int)n;
  PM_CLEAN_FD int folder = open_folder(path);
  return folder < 0 ? folder : replace(folder, record, (size_t)n);
}

int hold_save(int argc, char **argv) {
  if (argc != 2)
    return 2;
  struct pm_hold_save_reply reply = {
      .schema = PM_HOLD_SCHEMA,
      .error = -serve(argv[1]),
  };
  return send(PM_HOLD_SOCKET, &reply, sizeof reply, MSG_NOSIGNAL) < 0;
}
