/* The door to the list of mounts: which there are, and what a path walk to each
 * of them finds.  Read again only after it changed, and then in time that is
 * linear in its length but for sorting.  Belongs to the tick's thread. */
#ifndef PM_CORE_MACHINE_MOUNTS_H
#define PM_CORE_MACHINE_MOUNTS_H

#include "base/err.h"
#include "core/parse/parse_sys.h"
#include "core/procfs/root.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_mount_flag {
  PM_MOUNT_REACHED = 1, /* a path walk to its point comes to it ... */
  PM_MOUNT_COVERED = 2, /* ... and goes on to one that was put on top */
  /* The walk passes a file system that may block, or an autofs, whose time to
   * expire begins again with each walk. */
  PM_MOUNT_BEHIND_REMOTE = 4,
};

struct pm_mount_node {
  struct pm_mount mount;
  uint32_t parent; /* its place in the list; its own: none is known */
  unsigned flags;
};

struct pm_mounts {
  int fd; /* of mountinfo, once it was opened */
  bool open;
  char *text;
  size_t size;
  struct pm_mount_node *list; /* in the kernel's order */
  size_t count, room;
  uint32_t *order; /* scratch: places in the list, `room` of them */
};

/* Zeroed is ready to use. */
void pm_mounts_done(struct pm_mounts *mounts);

/* 1: the list is new; 0: it is as it was; -errno: it could not be read, and the
 * next call reads it. */
int pm_mounts_read(struct pm_mounts *mounts, const struct pm_root *root,
                   struct pm_err *err);

/* Pure: the list of a mountinfo text, which it writes into and which must live
 * as long.  -ENOMEM: there is none. */
int pm_mounts_parse(struct pm_mounts *mounts, char *text);

/* What path shows, if it is a mount's point; NULL: it is no point, or that of
 * mounts of which none can be seen.  *ret_is_point tells these apart. */
const struct pm_mount_node *pm_mounts_at(const struct pm_mounts *mounts,
                                         const char *path, bool *ret_is_point);

/* A path walk to its point ends in it. */
static inline bool pm_mount_is_seen(const struct pm_mount_node *node) {
  return (node->flags & (PM_MOUNT_REACHED | PM_MOUNT_COVERED)) ==
         PM_MOUNT_REACHED;
}

/* Its answers come from this kernel alone. */
bool pm_mount_is_local(const struct pm_mount *mount);

#endif
