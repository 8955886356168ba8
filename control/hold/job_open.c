#include "hold/job_open.h"

#include "hold/job_folder.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum {
  FOLDER = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
  READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
  TRIES = 8, /* of a record that is being written over */
};

/* Authority is only what its owner wrote there. */
static bool is_ours(int fd, mode_t closed) {
  struct stat st;
  return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
         !(st.st_mode & closed);
}

static int open_folder(const char *path, mode_t closed) {
  int fd = open(path, FOLDER);
  if (fd < 0)
    return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
  if (is_ours(fd, closed))
    return fd;
  close(fd);
  return -EPERM;
}

static int read_spec(int folder, struct hold_job *job) {
  struct stat st;
  PM_CLEAN_FD int fd = openat(folder, PM_JOB_FILE_SPEC, READ);
  if (fd < 0)
    return -errno;
  if (!is_ours(fd, S_IRWXG | S_IRWXO) || fstat(fd, &st) < 0 ||
      !S_ISREG(st.st_mode))
    return -EPERM;
  if (st.st_size <= 0 || st.st_size > PM_JOB_SPEC_MOST)
    return -EBADMSG;
  size_t length = (size_t)st.st_size;
  job->bytes = malloc(length);
  if (!job->bytes)
    return -ENOMEM;
  if (pread(fd, job->bytes, length, 0) != st.st_size)
    return -EBADMSG;
  return pm_job_spec_read(job->bytes, length, &job->spec);
}

static const char *leaf_of(const struct pm_job_spec *spec) {
  return strrchr(spec->text[PM_JOB_LOG_DIR], '/') + 1;
}

/* LOGS/UID: nobody else can put a link there. */
static int open_logs(const struct pm_job_spec *spec) {
  const char *path = spec->text[PM_JOB_LOG_DIR];
  PM_CLEAN_MEM char *above = strndup(path, (size_t)(leaf_of(spec) - path));
  return above ? open_folder(above, S_IWGRP | S_IWOTH) : -ENOMEM;
}

int hold_job_open(const char *path, struct hold_job *ret) {
  *ret = (struct hold_job){.state = -1, .logs = -1};
  PM_CLEAN_FD int folder = open_folder(path, S_IRWXG | S_IRWXO);
  if (folder < 0)
    return folder;
  int status = read_spec(folder, ret);
  if (status < 0)
    return status;
  ret->state = openat(folder, PM_JOB_FILE_STATE, READ);
  if (ret->state < 0)
    return -errno;
  ret->logs = open_logs(&ret->spec);
  return ret->logs < 0 && ret->logs != -ENOENT ? ret->logs : 0;
}

int hold_job_open_log(const struct hold_job *job) {
  struct stat st;
  if (job->logs < 0)
    return -ENOENT;
  int fd = openat(job->logs, leaf_of(&job->spec), READ | O_DIRECTORY);
  if (fd < 0)
    return -errno;
  if (fstat(fd, &st) == 0 && st.st_uid == job->spec.fields.uid)
    return fd;
  close(fd);
  return -EPERM;
}

static bool is_blank(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i])
      return false;
  return true;
}

int hold_job_read_state(const struct hold_job *job,
                        struct pm_job_state_record *ret) {
  char bytes[4096];
  struct stat st;
  int status = -EBADMSG;
  if (fstat(job->state, &st) < 0 || st.st_nlink == 0)
    return -ESTALE;
  memset(ret, 0, sizeof *ret);
  for (int i = 0; i < TRIES && status == -EBADMSG; i++) {
    ssize_t n = pread(job->state, bytes, sizeof bytes, 0);
    if (n < 0)
      return -errno;
    if (is_blank(bytes, (size_t)n))
      return 0;
    status = pm_job_read(bytes, (size_t)n, PM_JOB_STATE, ret, sizeof *ret);
  }
  return status;
}
