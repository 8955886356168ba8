#include "core/procfs/cgroup.h"

#include "base/clean.h"
#include "base/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

/* The root of the unified hierarchy.  Where every process is in it, that
 * hierarchy is not in use, and the paths that matter are those of another. */
enum { TOP_ID = 1 };

/* FILEID_KERNFS, include/linux/exportfs.h, since 5.5: 64 bits of id */
enum { KERNFS_HANDLE = 0xfe };

static int open_unified(int sys) {
  static const char *const places[] = {"fs/cgroup", "fs/cgroup/unified"};
  for (size_t i = 0; sys >= 0 && i < sizeof places / sizeof *places; i++) {
    struct statfs fs;
    int fd = openat(sys, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
      return pm_fd_high(fd);
    if (fd >= 0)
      close(fd);
  }
  return -1;
}

void pm_cgroups_init(struct pm_cgroups *g, const struct pm_root *root) {
  g->root = root;
  g->top = open_unified(root->sys);
  pm_text_cache_init(&g->paths, PM_CGROUPS);
}

void pm_cgroups_done(struct pm_cgroups *g) {
  if (g->root && g->top >= 0)
    close(g->top);
  g->root = NULL;
  pm_text_cache_done(&g->paths);
}

struct key {
  uint64_t id, unused;
};
_Static_assert(sizeof(struct key) == PM_TEXT_KEY, "a key of the cache");

void pm_cgroups_learn(struct pm_cgroups *g, uint64_t id, const char *path) {
  struct key key = {.id = id};
  if (id > TOP_ID && strlen(path) < PM_CGROUP_PATH)
    pm_text_cache_put(&g->paths, &key, path);
}

static ssize_t path_of(const struct pm_root *root, int fd, char *buf,
                       size_t size) {
  char link[32];
  snprintf(link, sizeof link, "self/fd/%d", fd);
  ssize_t n = readlinkat(root->proc, link, buf, size - 1);
  if (n >= 0)
    buf[n] = '\0';
  return n;
}

/* Needs CAP_DAC_READ_SEARCH; without it only pm_cgroups_learn adds paths. */
static int open_id(int top, uint64_t id) {
  struct {
    struct file_handle head;
    uint64_t id;
  } handle = {{.handle_bytes = sizeof id, .handle_type = KERNFS_HANDLE}, id};
  return open_by_handle_at(top, &handle.head, O_PATH | O_CLOEXEC);
}

static void resolve_path(struct pm_cgroups *g, uint64_t id) {
  char top[PM_CGROUP_PATH], path[PM_CGROUP_PATH];
  PM_CLEAN_FD int fd = g->top < 0 ? -1 : open_id(g->top, id);
  if (fd < 0)
    return;
  ssize_t cut = path_of(g->root, g->top, top, sizeof top);
  if (cut > 0 && path_of(g->root, fd, path, sizeof path) > cut &&
      memcmp(path, top, (size_t)cut) == 0)
    pm_cgroups_learn(g, id, path + cut);
}

const char *pm_cgroups_path(struct pm_cgroups *g, uint64_t id) {
  struct key key = {.id = id};
  if (id <= TOP_ID)
    return NULL;
  const char *path = pm_text_cache_get(&g->paths, &key);
  if (path)
    return path;
  resolve_path(g, id);
  return pm_text_cache_get(&g->paths, &key);
}
