#include "core/procfs/root.h"

#include "base/clean.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static int open_dir(const char *path) {
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : pm_fd_high(fd);
}

int pm_root_open(struct pm_root *root, const char *proc_path,
                 const char *sys_path, struct pm_err *err) {
  long hz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
  *root = (struct pm_root){
      .proc = open_dir(proc_path),
      .sys = open_dir(sys_path),
      .proc_path = proc_path,
      .sys_path = sys_path,
      .units.tick_ns = UINT64_C(1000000000) / (uint64_t)(hz > 0 ? hz : 100),
      .units.page_bytes = (uint64_t)(page > 0 ? page : 4096),
  };
  if (root->sys < 0)
    root->sys = -1;
  if (root->proc >= 0)
    return 0;
  int num = -root->proc;
  pm_root_close(root);
  return pm_err_set(err, num, "open the process file system at %s", proc_path);
}

void pm_root_close(struct pm_root *root) {
  pm_clean_fd(&root->proc);
  pm_clean_fd(&root->sys);
  root->proc = root->sys = -1;
}

/* Fills buf; read(2) of a seq_file may return less before its end. */
static ssize_t read_all(int fd, char *buf, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t n = read(fd, buf + have, size - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (n == 0)
      break;
    have += (size_t)n;
  }
  return (ssize_t)have;
}

ssize_t pm_root_read(int dir, const char *path, char *buf, size_t size) {
  PM_CLEAN_FD int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t n = read_all(fd, buf, size);
  if (n < 0)
    return n;
  if ((size_t)n == size)
    return -EOVERFLOW;
  buf[n] = '\0';
  return n;
}

static int grow(char **buf, size_t *size) {
  size_t more = *size ? *size * 2 : 16384;
  if (more > PM_ROOT_GROW_MAX)
    return -EOVERFLOW;
  char *grown = realloc(*buf, more);
  if (!grown)
    return -ENOMEM;
  *buf = grown;
  *size = more;
  return 0;
}

ssize_t pm_root_read_open(int fd, char **buf, size_t *size) {
  size_t have = 0;
  if (lseek(fd, 0, SEEK_SET) < 0)
    return -errno;
  for (;;) {
    if (have == *size) {
      int status = grow(buf, size);
      if (status < 0)
        return status;
    }
    ssize_t n = read_all(fd, *buf + have, *size - have);
    if (n < 0)
      return n;
    have += (size_t)n;
    if (have < *size) {
      (*buf)[have] = '\0';
      return (ssize_t)have;
    }
  }
}

ssize_t pm_root_read_grow(int dir, const char *path, char **buf, size_t *size) {
  PM_CLEAN_FD int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : pm_root_read_open(fd, buf, size);
}

ssize_t pm_root_read_whole(int dir, const char *path, char *buf, size_t size,
                           char **longer, const char **whole) {
  size_t room = 0;
  ssize_t n = pm_root_read(dir, path, buf, size);
  *whole = buf;
  if (n != -EOVERFLOW)
    return n;
  n = pm_root_read_grow(dir, path, longer, &room);
  *whole = *longer;
  return n;
}
