#include "hold/job_again.h"

#include "base/clean.h"
#include "base/job_state.h"
#include "hold/job_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { STATE_MOST = 4096 };

static int open_file(int folder, const char *name) {
  int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int hold_job_load(int folder, void *room, size_t size,
                  struct pm_job_spec *ret) {
  PM_CLEAN_FD int fd = open_file(folder, PM_JOB_FILE_SPEC);
  if (fd < 0)
    return fd;
  ssize_t n = pread(fd, room, size, 0);
  return n < 0 ? -errno : pm_job_spec_read(room, (size_t)n, ret);
}

/* fcntl(2)'s, as the holder's; closing any descriptor of the file lets go. */
static int lock(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_SETLK, &whole) == 0)
    return 0;
  return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

static int change(int fd, uint32_t wants) {
  char bytes[STATE_MOST];
  struct pm_job_state_record s;
  ssize_t n = pread(fd, bytes, sizeof bytes, 0);
  int status = n < 0
                   ? -errno
                   : pm_job_read(bytes, (size_t)n, PM_JOB_STATE, &s, sizeof s);
  if (status < 0)
    return status;
  if (s.wants & PM_JOB_WANTS_REMOVAL && !(wants & PM_JOB_WANTS_REMOVAL))
    return -ESRCH;
  if (s.state != PM_JOB_EXITED)
    return -EBUSY;
  s.wants = wants;
  if (wants & PM_JOB_WANTS_AGAIN)
    s.failures = s.reason = 0;
  pm_job_seal(&s, PM_JOB_STATE, sizeof s);
  n = pwrite(fd, &s, sizeof s, 0);
  return n == sizeof s ? 0 : n < 0 ? -errno : -ENOSPC;
}

int hold_job_want(int folder, uint32_t wants) {
  PM_CLEAN_FD int held = open_file(folder, PM_JOB_FILE_LOCK);
  PM_CLEAN_FD int fd = open_file(folder, PM_JOB_FILE_STATE);
  int status = held < 0 ? held : fd < 0 ? fd : lock(held);
  return status < 0 ? status : change(fd, wants);
}
