#include "hold/job_group.h"

#include "base/clean.h"
#include "hold/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum {
  FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
  NAMES_MOST = 1000,
  PERIOD_US = 100000, /* of cpu.max */
  KILL_TIMES = 100,
  KILL_MS = 10,
  DEPTH = 16,   /* of groups below */
  SWEEP_S = 60, /* a start may be under way elsewhere */
};

#define ABOVE "procman"
/* of a group: the job's folder */
#define FOLDER_XATTR "trusted.procman.folder"
#define HOLDERS "_holders" /* never an id: pm_job_is_id */

/* ---- limits ---- */

struct limit {
  const char *controller, *file;
  char text[48]; /* empty: none */
};

enum { LIMITS = 3 };

static void list_limits(const struct pm_job_fields *f,
                        struct limit ret[LIMITS]) {
  ret[0] = (struct limit){.controller = "memory", .file = "memory.max"};
  ret[1] = (struct limit){.controller = "cpu", .file = "cpu.max"};
  ret[2] = (struct limit){.controller = "pids", .file = "pids.max"};
  if (f->memory_max_bytes)
    snprintf(ret[0].text, sizeof ret[0].text, "%" PRIu64, f->memory_max_bytes);
  if (f->cpu_max_percent)
    snprintf(ret[1].text, sizeof ret[1].text, "%" PRIu64 " %d",
             (uint64_t)f->cpu_max_percent * (PERIOD_US / 100), PERIOD_US);
  if (f->pids_max)
    snprintf(ret[2].text, sizeof ret[2].text, "%" PRIu32, f->pids_max);
}

/* Of those that the limits need only. */
static int enable(int dir, const struct limit limits[LIMITS]) {
  int status = 0;
  for (size_t i = 0; status == 0 && i < LIMITS; i++)
    if (*limits[i].text)
      status = hold_cgroup_enable(dir, limits[i].controller);
  return status;
}

static int set_limits(int dir, const struct limit limits[LIMITS]) {
  int status = 0;
  for (size_t i = 0; status == 0 && i < LIMITS; i++)
    if (*limits[i].text)
      status = hold_cgroup_write(dir, limits[i].file, limits[i].text);
  return status;
}

/* ---- making ---- */

static int open_below(int dir, const char *name) {
  int fd = openat(dir, name, FOLDER);
  return fd < 0 ? -errno : fd;
}

/* TOP/procman, made if it is the first time. */
static int open_above(const char *top, const struct limit limits[LIMITS]) {
  PM_CLEAN_FD int root = open(top, FOLDER);
  int status = root < 0 ? -errno : enable(root, limits);
  if (status < 0)
    return status;
  if (mkdirat(root, ABOVE, 0755) < 0 && errno != EEXIST)
    return -errno;
  int fd = open_below(root, ABOVE);
  status = fd < 0 ? fd : enable(fd, limits);
  if (status == 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return status;
}

static int make_free_name(int above, const char *id, char *ret, size_t size) {
  snprintf(ret, size, "%s", id);
  for (int n = 2; n < NAMES_MOST; n++) {
    if (mkdirat(above, ret, 0755) == 0)
      return 0;
    if (errno != EEXIST)
      return -errno;
    snprintf(ret, size, "%s.%d", id, n);
  }
  return -EEXIST;
}

int hold_job_group_make(const char *top, const char *id,
                        const struct pm_job_fields *fields, char *ret,
                        size_t size) {
  struct limit limits[LIMITS];
  char name[PM_JOB_ID_MOST + 16];
  list_limits(fields, limits);
  PM_CLEAN_FD int above = open_above(top, limits);
  int status = above < 0 ? above : make_free_name(above, id, name, sizeof name);
  if (status < 0)
    return status;
  PM_CLEAN_FD int dir = open_below(above, name);
  status = dir < 0 ? dir : set_limits(dir, limits);
  int length = snprintf(ret, size, "%s/" ABOVE "/%s", top, name);
  if (status == 0 && (length < 0 || (size_t)length >= size))
    status = -ENAMETOOLONG;
  if (status < 0)
    unlinkat(above, name, AT_REMOVEDIR);
  return status;
}

/* Only root can; without it, it is never swept. */
static void name_folder(int folder, const char *path) {
  char own[32], name[PATH_MAX];
  snprintf(own, sizeof own, "/proc/self/fd/%d", folder);
  ssize_t n = readlink(own, name, sizeof name);
  if (n > 0 && n < (ssize_t)sizeof name)
    setxattr(path, FOLDER_XATTR, name, (size_t)n, 0);
}

int hold_job_group_link(int folder, const char *path) {
  static const char fresh[] = PM_JOB_FILE_GROUP ".new";
  name_folder(folder, path);
  unlinkat(folder, fresh, 0);
  if (symlinkat(path, folder, fresh) < 0 ||
      renameat(folder, fresh, folder, PM_JOB_FILE_GROUP) < 0)
    return -errno;
  return 0;
}

int hold_job_group_renew(int folder, const char *id,
                         const struct pm_job_fields *fields, char *ret,
                         size_t size) {
  char top[HOLD_CGROUP_PATH];
  ssize_t n = readlinkat(folder, PM_JOB_FILE_GROUP, ret, size - 1);
  ret[n < 0 ? 0 : n] = '\0';
  if (n > 0 && access(ret, F_OK) == 0)
    return 0;
  int status = hold_cgroup_find(top, sizeof top);
  if (status == 0)
    status = hold_job_group_make(top, id, fields, ret, size);
  return status < 0 ? status : hold_job_group_link(folder, ret);
}

/* ---- removing ---- */

/* Before Linux 5.14 there is no cgroup.kill. */
static void kill_members(int dir) {
  if (hold_cgroup_write(dir, "cgroup.kill", "1") == 0)
    return;
  struct hold_pids members = {0};
  int denied;
  PM_CLEAN_FD int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  if (procs >= 0 && hold_members_list(procs, &members) == 0)
    hold_members_signal(procs, &members, NULL, SIGKILL, &denied);
  free(members.at);
}

/* A job of root's may have made some. */
static void remove_below(int dir, int depth) {
  int fd = openat(dir, ".", FOLDER);
  PM_CLEAN_DIR DIR *list = fd < 0 ? NULL : fdopendir(fd);
  if (!list && fd >= 0)
    close(fd);
  for (struct dirent *e; list && (e = readdir(list));) {
    if (e->d_type != DT_DIR || e->d_name[0] == '.')
      continue;
    PM_CLEAN_FD int below = depth ? open_below(dir, e->d_name) : -1;
    if (below >= 0)
      remove_below(below, depth - 1);
    unlinkat(dir, e->d_name, AT_REMOVEDIR);
  }
}

int hold_job_group_remove_path(const char *path) {
  PM_CLEAN_FD int dir = open(path, FOLDER);
  if (dir < 0)
    return errno == ENOENT ? 0 : -errno;
  for (int i = 0; i < KILL_TIMES; i++) {
    if (rmdir(path) == 0 || errno == ENOENT)
      return 0;
    if (errno != EBUSY)
      return -errno;
    kill_members(dir);
    remove_below(dir, DEPTH);
    poll(NULL, 0, KILL_MS);
  }
  return -EBUSY;
}

int hold_job_group_remove(int folder) {
  char path[HOLD_CGROUP_PATH];
  ssize_t n = readlinkat(folder, PM_JOB_FILE_GROUP, path, sizeof path - 1);
  if (n < 0)
    return errno == ENOENT ? 0 : -errno;
  path[n] = '\0';
  int status = hold_job_group_remove_path(path);
  if (status == 0)
    unlinkat(folder, PM_JOB_FILE_GROUP, 0);
  return status;
}

/* ---- groups of nobody ---- */

static bool is_left(int dir) {
  char folder[PATH_MAX];
  struct stat st;
  ssize_t n = fgetxattr(dir, FOLDER_XATTR, folder, sizeof folder - 1);
  if (n <= 0 || fstat(dir, &st) < 0 || st.st_ctime + SWEEP_S > time(NULL))
    return false;
  folder[n] = '\0';
  return access(folder, F_OK) < 0 && errno == ENOENT;
}

static int open_beside(const char *path) {
  char above[HOLD_CGROUP_PATH];
  const char *end = strrchr(path, '/');
  if (!end || (size_t)(end - path) >= sizeof above)
    return -EINVAL;
  memcpy(above, path, (size_t)(end - path));
  above[end - path] = '\0';
  int fd = open(above, FOLDER);
  return fd < 0 ? -errno : fd;
}

void hold_job_group_sweep(const char *path) {
  int fd = open_beside(path);
  PM_CLEAN_DIR DIR *list = fd < 0 ? NULL : fdopendir(fd);
  if (!list && fd >= 0)
    close(fd);
  for (struct dirent *e; list && (e = readdir(list));) {
    if (e->d_type != DT_DIR || e->d_name[0] == '.')
      continue;
    PM_CLEAN_FD int group = open_below(fd, e->d_name);
    if (group >= 0 && is_left(group))
      unlinkat(fd, e->d_name, AT_REMOVEDIR);
  }
}

/* ---- holders ---- */

int hold_job_group_leave(const char *path) {
  PM_CLEAN_FD int dir = open_beside(path);
  if (dir < 0)
    return dir;
  if (mkdirat(dir, HOLDERS, 0755) < 0 && errno != EEXIST)
    return -errno;
  PM_CLEAN_FD int holders = open_below(dir, HOLDERS);
  return holders < 0 ? holders
                     : hold_cgroup_write(holders, "cgroup.procs", "0");
}
