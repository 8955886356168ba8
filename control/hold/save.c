#include "hold/save.h"

#include "hold/request.h"

#include "base/clean.h"
#include "base/hold_save.h"
#include "base/own_folder.h"
#include "base/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int open_folder(const char *path) {
  if (mkdir(path, 0700) < 0 && errno != EEXIST)
    return -errno;
  return pm_own_folder_open(path);
}

/* ---- one collectd at a time ---- */

/* Somebody may have removed the file, and then another has the lock, too. */
static bool is_the_lock(int folder, int fd) {
  struct stat have, want;
  return fd >= 0 && fstat(fd, &have) == 0 &&
         fstatat(folder, PM_HOLD_SAVE_LOCK, &want, AT_SYMLINK_NOFOLLOW) == 0 &&
         have.st_ino == want.st_ino && have.st_dev == want.st_dev;
}

/* The helper of a collectd that has just ended may end a moment later. */
static bool lock_soon(int fd) {
  enum { TRIES = 10, PAUSE_NS = 20000000 };
  for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
    if (errno != EWOULDBLOCK)
      return true; /* a file system without locks is used without them */
    if (i == TRIES)
      return false;
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
  }
  return true;
}

/* Not of the folder itself, which whoever may list it could lock.  -EBUSY:
 * another collectd has it. */
static int take_lock(int folder) {
  int fd = openat(folder, PM_HOLD_SAVE_LOCK,
                  O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  if (lock_soon(fd))
    return fd;
  close(fd);
  return -EBUSY;
}

static int have_lock(int folder, int *lock) {
  if (is_the_lock(folder, *lock))
    return 0;
  pm_clean_fd(lock);
  *lock = take_lock(folder);
  return *lock < 0 ? *lock : 0;
}

/* ---- the file ---- */

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

static int serve(const char *path, int *lock) {
  PM_CLEAN_MEM char *record = malloc(PM_HOLD_SAVE_MOST);
  if (!record)
    return -ENOMEM;
  ssize_t n = hold_request_receive(record, PM_HOLD_SAVE_MOST, lock);
  if (n < 0)
    return (int)n;
  PM_CLEAN_FD int folder = open_folder(path);
  int status = folder < 0 ? folder : have_lock(folder, lock);
  return status < 0 ? status : replace(folder, record, (size_t)n);
}

/* Where a service manager stops collectd it sends all of its processes a
 * signal, and this may be the last record. */
static void finish_in_any_case(void) {
  static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    signal(ends[i], SIG_IGN);
}

int hold_save(int argc, char **argv) {
  if (argc != 2)
    return 2;
  finish_in_any_case();
  int lock = -1;
  struct pm_hold_save_reply reply = {.schema = PM_HOLD_SCHEMA};
  reply.error = -serve(argv[1], &lock);
  struct pm_pass fds = {{lock, -1}, lock >= 0};
  return pm_pass_send(PM_HOLD_SOCKET, &reply, sizeof reply, &fds) < 0;
}
