#include "jobs/folder.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/copy.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* ---- opening ---- */

/* Somebody else who can write there could put anything in our way. */
static int check_ours(int fd, const char *path, struct pm_err *err) {
  struct stat st;
  if (fstat(fd, &st) < 0)
    return pm_err_set(err, errno, "look at %s", path);
  if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
    return 0;
  return pm_err_say(err, EPERM,
                    "%s must belong to uid %u, and nobody else may write to it",
                    path, geteuid());
}

static int open_folder(int above, const char *name, const char *path,
                       mode_t mode, struct pm_err *err) {
  if (mkdirat(above, name, mode) < 0 && errno != EEXIST)
    return pm_err_set(err, errno, "make the folder %s", path);
  int fd = pm_fd_high(openat(above, name, FOLDER));
  if (fd < 0)
    return pm_err_set(err, errno, "open the folder %s", path);
  int status = check_ours(fd, path, err);
  if (status == 0)
    return fd;
  close(fd);
  return status;
}

static int take_lock(int above, const char *path, struct pm_err *err) {
  int fd = pm_fd_high(
      openat(above, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  int num = errno;
  if (fd >= 0)
    close(fd);
  if (num == EWOULDBLOCK)
    return pm_err_say(err, EBUSY,
                      "another collectd has the StateDir %s; each needs one of "
                      "its own",
                      path);
  return pm_err_set(err, num, "lock %s/lock", path);
}

static bool read_boot_id(uint8_t ret[PM_JOB_BOOT_ID]) {
  static const char hex[] = "0123456789abcdef";
  char text[40];
  size_t digits = 0;
  PM_CLEAN_FD int fd =
      open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
  for (ssize_t i = 0; i < n && digits < 2 * PM_JOB_BOOT_ID; i++) {
    const char *at = text[i] ? strchr(hex, text[i]) : NULL;
    if (!at)
      continue;
    ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | (at - hex));
    digits++;
  }
  return digits == 2 * PM_JOB_BOOT_ID;
}

static int open_list(struct pm_job_folders *f, struct pm_err *err) {
  int fd = pm_fd_high(openat(f->dir, ".", FOLDER));
  f->list = fd < 0 ? NULL : fdopendir(fd);
  if (f->list)
    return 0;
  int num = errno;
  if (fd >= 0)
    close(fd);
  return pm_err_set(err, num, "list the folders of jobs");
}

int pm_job_folders_open(struct pm_job_folders *f, const char *state_dir,
                        struct pm_err *err) {
  *f = (struct pm_job_folders){.dir = -1, .lock = -1};
  if (!read_boot_id(f->boot_id))
    return pm_err_set(err, ENOENT, "read /proc/sys/kernel/random/boot_id");
  PM_CLEAN_FD int state =
      open_folder(AT_FDCWD, state_dir, state_dir, 0755, err);
  if (state < 0)
    return state;
  f->lock = take_lock(state, state_dir, err);
  int status = f->lock;
  if (status >= 0)
    status = f->dir = open_folder(state, "jobs", "StateDir/jobs", 0700, err);
  if (status >= 0)
    status = open_list(f, err);
  if (status < 0)
    pm_job_folders_close(f);
  return status < 0 ? status : 0;
}

void pm_job_folders_close(struct pm_job_folders *f) {
  if (f->list)
    closedir(f->list);
  if (f->dir >= 0)
    close(f->dir);
  if (f->lock >= 0)
    close(f->lock);
  *f = (struct pm_job_folders){.dir = -1, .lock = -1};
}

int pm_job_folders_again(struct pm_job_folders *f) {
  struct pm_err unused = PM_ERR_INIT;
  return f->list ? 0 : open_list(f, &unused);
}

bool pm_job_folders_next(struct pm_job_folders *f,
                         char ret[PM_JOB_ID_MOST + 1]) {
  while (f->list) {
    const struct dirent *e = readdir(f->list);
    if (!e) {
      closedir(f->list);
      f->list = NULL;
      break;
    }
    if (!pm_job_is_id(e->d_name))
      continue;
    pm_copy_text(ret, PM_JOB_ID_MOST + 1, e->d_name);
    return true;
  }
  return false;
}

/* ---- records ---- */

static int read_file(int folder, const char *name, struct pm_buf *ret) {
  struct stat st;
  PM_CLEAN_FD int fd =
      openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0)
    return -errno;
  if (!S_ISREG(st.st_mode) || st.st_size > (off_t)ret->most)
    return -EBADMSG;
  int status = pm_buf_reserve(ret, (size_t)st.st_size);
  if (status < 0)
    return status;
  ssize_t n = pread(fd, ret->data, (size_t)st.st_size, 0);
  if (n < 0)
    return -errno;
  ret->length = (size_t)n;
  return 0;
}

static int read_spec(int folder, const char *id, struct pm_job *ret) {
  struct pm_buf buf = PM_BUF_INIT(PM_JOB_SPEC_MOST);
  struct pm_job_spec spec;
  int status = read_file(folder, PM_JOB_FILE_SPEC, &buf);
  if (status == 0 && !buf.length)
    status = -EBADMSG;
  if (status == 0)
    status = pm_job_spec_read(buf.data, buf.length, &spec);
  if (status == 0 && strcmp(spec.text[PM_JOB_ID], id) != 0)
    status = -EBADMSG;
  if (status == 0)
    pm_job_take_spec(ret, &spec);
  pm_buf_done(&buf);
  return status;
}

/* One that was never written is all zero, and stays as it is here. */
static int read_record(int folder, const char *name, enum pm_job_kind kind,
                       void *ret, size_t size) {
  char bytes[4096];
  PM_CLEAN_FD int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
  if (n < 0)
    return -errno;
  struct pm_job_head head = {0};
  memcpy(&head, bytes, (size_t)n < sizeof head ? (size_t)n : sizeof head);
  return head.kind ? pm_job_read(bytes, (size_t)n, kind, ret, size) : 0;
}

static int open_job(const struct pm_job_folders *f, const char *id) {
  int fd = openat(f->dir, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int pm_job_folder_read(const struct pm_job_folders *f, const char *id,
                       struct pm_job *ret) {
  PM_CLEAN_FD int folder = open_job(f, id);
  int status = folder < 0 ? folder : read_spec(folder, id, ret);
  if (status == 0)
    status = read_record(folder, PM_JOB_FILE_STATE, PM_JOB_STATE, &ret->state,
                         sizeof ret->state);
  if (status == 0)
    status = read_record(folder, PM_JOB_FILE_EXIT, PM_JOB_EXIT, &ret->exit,
                         sizeof ret->exit);
  return status;
}

uint64_t pm_job_folder_cgroup(const struct pm_job_folders *f, const char *id) {
  struct stat st;
  PM_CLEAN_FD int folder = open_job(f, id);
  if (folder < 0 || fstatat(folder, PM_JOB_FILE_GROUP, &st, 0) < 0)
    return 0;
  return st.st_ino;
}

void pm_job_folder_read_exit(const struct pm_job_folders *f,
                             struct pm_job *job) {
  PM_CLEAN_FD int folder = open_job(f, job->id);
  if (folder >= 0)
    read_record(folder, PM_JOB_FILE_EXIT, PM_JOB_EXIT, &job->exit,
                sizeof job->exit);
}

/* ---- the holder ---- */

/* By the descriptor: the path may be longer than an address of a socket. */
int pm_job_folder_connect(const struct pm_job_folders *f, const char *id) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  PM_CLEAN_FD int folder = open_job(f, id);
  if (folder < 0)
    return folder;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
           folder, PM_JOB_FILE_CTL);
  int fd = pm_fd_high(
      socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd < 0)
    return -errno;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  int num = errno;
  close(fd);
  return -num;
}
