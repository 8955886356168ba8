#include "hold/job_folder.h"

#include "base/clean.h"
#include "base/job_spec.h"
#include "hold/job_group.h"
#include "hold/local_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
  PAGE = 4096, /* of state and exit: so that they never need more room */
};

#define SPEC_NEW PM_JOB_FILE_SPEC ".new"

/* ---- folders ---- */

/* Somebody else who can write there could put anything in our way. */
static bool is_ours(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
         !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int open_ours(int above, const char *path) {
  int fd = openat(above, path, FOLDER);
  if (fd < 0)
    return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
  if (is_ours(fd))
    return fd;
  close(fd);
  return -EPERM;
}

/* Makes a folder and opens it; -EEXIST. */
static int make(int above, const char *name, mode_t mode) {
  if (mkdirat(above, name, mode & 0700) < 0)
    return -errno;
  int fd = openat(above, name, FOLDER);
  if (fd >= 0 && fchmod(fd, mode) == 0)
    return fd;
  int status = -errno;
  if (fd >= 0)
    close(fd);
  unlinkat(above, name, AT_REMOVEDIR);
  return status;
}

/* ---- what is in it ---- */

static int write_all(int fd, const void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, (const char *)bytes + done, length - done);
    if (n < 0 && errno != EINTR)
      return -errno;
    done += n > 0 ? (size_t)n : 0;
  }
  return 0;
}

static int make_file(int folder, const char *name, const void *bytes,
                     size_t length) {
  PM_CLEAN_FD int fd =
      openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || fchmod(fd, 0600) < 0)
    return -errno;
  return write_all(fd, bytes, length);
}

/* Nobody else can reach the name: the folder is 0700. */
static int make_fifo(int folder, const char *name) {
  if (mkfifoat(folder, name, 0600) < 0 || fchmodat(folder, name, 0622, 0) < 0)
    return -errno;
  return 0;
}

static int fill(int folder, const void *spec, size_t length) {
  static const char nothing[PAGE];
  int status = make_file(folder, PM_JOB_FILE_LOCK, nothing, PAGE);
  if (status == 0)
    status = make_file(folder, PM_JOB_FILE_STATE, nothing, PAGE);
  if (status == 0)
    status = make_file(folder, PM_JOB_FILE_EXIT, nothing, PAGE);
  if (status == 0)
    status = make_fifo(folder, PM_JOB_FILE_OUT);
  if (status == 0)
    status = make_fifo(folder, PM_JOB_FILE_ERR);
  if (status == 0)
    status = make_file(folder, SPEC_NEW, spec, length);
  if (status == 0 && renameat(folder, SPEC_NEW, folder, PM_JOB_FILE_SPEC) < 0)
    status = -errno;
  return status;
}

static void unmake(int jobs, const char *id, int folder) {
  static const char *const names[] = {
      PM_JOB_FILE_SPEC, SPEC_NEW,        PM_JOB_FILE_LOCK, PM_JOB_FILE_STATE,
      PM_JOB_FILE_EXIT, PM_JOB_FILE_OUT, PM_JOB_FILE_ERR,  PM_JOB_FILE_CTL,
  };
  hold_job_group_remove(folder);
  unlinkat(folder, PM_JOB_FILE_GROUP, 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    unlinkat(folder, names[i], 0);
  unlinkat(jobs, id, AT_REMOVEDIR);
}

int hold_job_folder_make(const char *jobs, const char *id, const void *spec,
                         size_t length) {
  if (!pm_job_is_id(id))
    return -EINVAL;
  PM_CLEAN_FD int above = open_ours(AT_FDCWD, jobs);
  if (above < 0)
    return above;
  PM_CLEAN_FD int folder = make(above, id, 0700);
  if (folder < 0)
    return folder;
  int status = fill(folder, spec, length);
  if (status < 0)
    unmake(above, id, folder);
  return status;
}

int hold_job_folder_open(const char *jobs, const char *id) {
  if (!pm_job_is_id(id))
    return -EINVAL;
  PM_CLEAN_FD int above = open_ours(AT_FDCWD, jobs);
  return above < 0 ? above : open_ours(above, id);
}

void hold_job_folder_remove(const char *jobs, const char *id) {
  if (!pm_job_is_id(id))
    return;
  PM_CLEAN_FD int above = open_ours(AT_FDCWD, jobs);
  PM_CLEAN_FD int folder = above < 0 ? -1 : open_ours(above, id);
  if (folder >= 0)
    unmake(above, id, folder);
}

/* ---- the log ---- */

static void name_uid(uint32_t uid, char *ret, size_t size) {
  snprintf(ret, size, "%" PRIu32, uid);
}

/* LOGS/UID, made if it is the first of that user.  It, too, can be a mount. */
static int open_parent(int logs, uint32_t uid) {
  char name[16];
  int status = hold_fs_check_local(logs);
  if (status < 0)
    return status;
  name_uid(uid, name, sizeof name);
  int fd = make(logs, name, 0755);
  return fd == -EEXIST ? open_ours(logs, name) : fd;
}

int hold_job_log_make(const char *logs, const char *id, uint32_t uid,
                      uint32_t gid) {
  if (!pm_job_is_id(id))
    return -EINVAL;
  PM_CLEAN_FD int above = open_ours(AT_FDCWD, logs);
  if (above < 0)
    return above;
  PM_CLEAN_FD int parent = open_parent(above, uid);
  int status = parent < 0 ? parent : hold_fs_check_local(parent);
  if (status < 0)
    return status;
  PM_CLEAN_FD int leaf = make(parent, id, 0700);
  if (leaf < 0)
    return leaf;
  if (fchown(leaf, uid, gid) == 0)
    return 0;
  status = -errno;
  unlinkat(parent, id, AT_REMOVEDIR);
  return status;
}

void hold_job_log_remove(const char *logs, const char *id, uint32_t uid) {
  char name[16];
  if (!pm_job_is_id(id))
    return;
  name_uid(uid, name, sizeof name);
  PM_CLEAN_FD int above = open_ours(AT_FDCWD, logs);
  PM_CLEAN_FD int parent = above < 0 ? -1 : open_ours(above, name);
  if (parent >= 0)
    unlinkat(parent, id, AT_REMOVEDIR);
}
