#include "core/machine/mounts.h"

#include "base/clean.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

void pm_mounts_done(struct pm_mounts *m) {
  if (m->open)
    pm_clean_fd(&m->fd);
  free(m->text);
  free(m->list);
  free(m->order);
  *m = (struct pm_mounts){0};
}

bool pm_mount_is_local(const struct pm_mount *m) {
  static const char *const no_device[] = {"overlay", "tmpfs", "ramfs",
                                          "rootfs",  "zfs",   "btrfs"};
  if (strncmp(m->type, "fuse", 4) == 0 || strcmp(m->type, "autofs") == 0)
    return false; /* fuseblk has a device, and a process that may not answer */
  if (m->major != 0)
    return true;
  for (size_t i = 0; i < sizeof no_device / sizeof *no_device; i++)
    if (strcmp(m->type, no_device[i]) == 0)
      return true;
  return false;
}

/* ---- parents ---- */

static int by_id(const void *a, const void *b, void *arg) {
  const struct pm_mount_node *list = arg;
  uint32_t x = list[*(const uint32_t *)a].mount.id;
  uint32_t y = list[*(const uint32_t *)b].mount.id;
  return (x > y) - (x < y);
}

static uint32_t find_id(const struct pm_mounts *m, uint32_t id,
                        uint32_t otherwise) {
  size_t low = 0, high = m->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (m->list[m->order[middle]].mount.id < id)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low < m->count && m->list[m->order[low]].mount.id == id;
  return found ? m->order[low] : otherwise;
}

static void find_parents(struct pm_mounts *m) {
  for (uint32_t i = 0; i < m->count; i++)
    m->order[i] = i;
  if (m->count)
    qsort_r(m->order, m->count, sizeof *m->order, by_id, m->list);
  for (uint32_t i = 0; i < m->count; i++)
    m->list[i].parent = find_id(m, m->list[i].mount.parent, i);
}

/* ---- siblings ---- */

/* Order of paths in which all that is below one follows it. */
static int compare_paths(const char *a, const char *b) {
  for (; *a && *a == *b; a++)
    b++;
  if (*a == *b)
    return 0;
  if (!*a || !*b)
    return *a ? 1 : -1;
  if (*a == '/' || *b == '/')
    return *a == '/' ? -1 : 1;
  return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static bool is_below(const char *path, const char *point) {
  size_t n = strlen(point);
  if (n == 1)
    return true; /* "/" */
  return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool is_root(const struct pm_mounts *m, uint32_t i) {
  return m->list[i].parent == i;
}

/* Children of one mount together, by their paths; of equal ones the later. */
static int by_place(const void *a, const void *b, void *arg) {
  const struct pm_mount_node *list = arg;
  uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
  const struct pm_mount *x = &list[i].mount, *y = &list[k].mount;
  if (x->parent != y->parent)
    return x->parent < y->parent ? -1 : 1;
  int order = compare_paths(x->point, y->point);
  return order ? order : (i < k) - (i > k);
}

/* A path walk in a mount turns aside at the first point of a child that it
 * comes to: none of the children whose points are below that is reached.  A
 * child on the mount's own point covers it as a whole. */
static void reach_children(struct pm_mounts *m) {
  const struct pm_mount *first = NULL;
  for (uint32_t i = 0; i < m->count; i++)
    m->order[i] = i;
  if (m->count)
    qsort_r(m->order, m->count, sizeof *m->order, by_place, m->list);
  for (size_t k = 0; k < m->count; k++) {
    struct pm_mount_node *node = &m->list[m->order[k]];
    struct pm_mount_node *parent = &m->list[node->parent];
    if (node->mount.id == node->mount.parent) { /* nobody's child */
      node->flags |= PM_MOUNT_REACHED;
      continue;
    }
    if (first && first->parent == node->mount.parent &&
        is_below(node->mount.point, first->point))
      continue;
    first = &node->mount;
    node->flags |= PM_MOUNT_REACHED;
    if (node != parent && strcmp(node->mount.point, parent->mount.point) == 0)
      parent->flags |= PM_MOUNT_COVERED;
  }
}

/* ---- what the walk to a parent says of its children ---- */

static void follow_parent(struct pm_mount_node *node,
                          const struct pm_mount_node *parent) {
  if (!(parent->flags & PM_MOUNT_REACHED))
    node->flags &= ~(unsigned)PM_MOUNT_REACHED;
  node->flags |= parent->flags & PM_MOUNT_BEHIND_REMOTE;
  /* Of a file system that is covered as a whole nothing is asked; but the walk
   * through an autofs waits while that expires. */
  bool asked = strcmp(parent->mount.point, node->mount.point) != 0 ||
               strcmp(parent->mount.type, "autofs") == 0;
  if (asked && !pm_mount_is_local(&parent->mount))
    node->flags |= PM_MOUNT_BEHIND_REMOTE;
}

enum { FOLLOWED = 1 << 8, ON_THE_WAY = 1 << 9 };

/* Parents first, whose chains may be as long as the list. */
static void follow_parents(struct pm_mounts *m) {
  for (uint32_t i = 0; i < m->count; i++) {
    size_t depth = 0;
    uint32_t at = i;
    while (!(m->list[at].flags & (FOLLOWED | ON_THE_WAY)) && !is_root(m, at)) {
      m->list[at].flags |= ON_THE_WAY;
      m->order[depth++] = at;
      at = m->list[at].parent;
    }
    while (depth > 0) {
      struct pm_mount_node *node = &m->list[m->order[--depth]];
      follow_parent(node, &m->list[node->parent]);
      node->flags |= FOLLOWED;
    }
  }
}

/* ---- the list ---- */

static int make_room(struct pm_mounts *m) {
  size_t room = m->room ? m->room * 2 : 64;
  struct pm_mount_node *list = realloc(m->list, room * sizeof *list);
  if (!list)
    return -ENOMEM;
  m->list = list;
  uint32_t *order = realloc(m->order, room * sizeof *order);
  if (!order)
    return -ENOMEM;
  m->order = order;
  m->room = room;
  return 0;
}

int pm_mounts_parse(struct pm_mounts *m, char *text) {
  struct pm_mount mount;
  int status;
  m->count = 0;
  for (char *p = text; (status = pm_parse_mount(&p, &mount)) != 1;) {
    if (status < 0)
      continue;
    if (m->count == m->room && make_room(m) < 0) {
      m->count = 0;
      return -ENOMEM;
    }
    m->list[m->count++] = (struct pm_mount_node){.mount = mount};
  }
  find_parents(m);
  reach_children(m);
  follow_parents(m);
  return 0;
}

const struct pm_mount_node *pm_mounts_at(const struct pm_mounts *m,
                                         const char *path, bool *ret_is_point) {
  *ret_is_point = false;
  for (size_t i = 0; i < m->count; i++) {
    if (strcmp(m->list[i].mount.point, path) != 0)
      continue;
    *ret_is_point = true;
    if (pm_mount_is_seen(&m->list[i]))
      return &m->list[i];
  }
  return NULL;
}

/* ---- the file ---- */

/* The kernel wakes who polls a mountinfo when a mount came or went: proc(5). */
static bool has_changed(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLPRI};
  return poll(&p, 1, 0) != 0;
}

static int open_list(struct pm_mounts *m, const struct pm_root *root) {
  int fd = openat(root->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  m->fd = pm_fd_high(fd);
  m->open = true;
  return 0;
}

static int read_list(struct pm_mounts *m, const struct pm_root *root) {
  int status = m->open ? 0 : open_list(m, root);
  if (status < 0)
    return status;
  ssize_t n = pm_root_read_open(m->fd, &m->text, &m->size);
  status = n < 0 ? (int)n : pm_mounts_parse(m, m->text);
  if (status < 0) { /* so that the next call reads, whatever poll(2) says */
    pm_clean_fd(&m->fd);
    m->open = false;
  }
  return status;
}

int pm_mounts_read(struct pm_mounts *m, const struct pm_root *root,
                   struct pm_err *err) {
  /* asked first: what changes while it is read is seen by the next call */
  if (m->open && !has_changed(m->fd))
    return 0;
  int status = read_list(m, root);
  if (status < 0)
    return pm_err_set(err, -status, "read %s/self/mountinfo", root->proc_path);
  return 1;
}
