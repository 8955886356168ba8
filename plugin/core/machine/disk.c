#include "core/machine/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

void pm_disk_done(struct pm_disks *disks) {
  pm_mounts_done(&disks->mounts);
  *disks = (struct pm_disks){0};
}

/* What "auto" shows: storage.  zfs and btrfs have anonymous devices. */
static bool is_storage(const struct pm_mount *m) {
  static const char *const images[] = {"squashfs", "iso9660", "erofs", "udf"};
  for (size_t i = 0; i < sizeof images / sizeof *images; i++)
    if (strcmp(m->type, images[i]) == 0)
      return false; /* always full, by construction */
  return pm_mount_is_local(m) &&
         (m->major != 0 || strcmp(m->type, "zfs") == 0 ||
          strcmp(m->type, "btrfs") == 0);
}

/* ---- names ---- */

/* Of paths with one name, the first in the order of their bytes has it as it
 * is: the order in which they were mounted does not matter. */
static void name_disks(struct pm_disks *disks) {
  char plain[PM_DISK_MAX][PM_NAME];
  for (size_t i = 0; i < disks->count; i++)
    pm_name_mount(disks->disk[i].path, plain[i]);
  for (size_t i = 0; i < disks->count; i++) {
    struct pm_disk *d = &disks->disk[i];
    bool first = true;
    for (size_t k = 0; k < disks->count; k++)
      first &= !pm_name_same(plain[k], plain[i]) ||
               strcmp(disks->disk[k].path, d->path) >= 0;
    memcpy(d->name, plain[i], sizeof d->name);
    if (!first)
      pm_name_tell_apart(d->path, d->name);
  }
}

/* ---- the choice ---- */

static void add_disk(struct pm_disks *disks, const char *path, bool remote) {
  for (size_t i = 0; i < disks->count; i++)
    if (strcmp(disks->disk[i].path, path) == 0)
      return;
  struct pm_disk *d = &disks->disk[disks->count];
  if (disks->count == PM_DISK_MAX || strlen(path) >= sizeof d->path)
    return;
  strcpy(d->path, path);
  d->remote = remote;
  disks->count++;
}

/* Only a mount point's own path is sure to lead there: any other may have
 * symbolic links to anywhere.  What a mount that cannot be seen stands for is
 * not shown: the path leads to something else. */
static void add_path(struct pm_disks *disks, const struct pm_mounts *mounts,
                     const char *path) {
  bool is_point;
  const struct pm_mount_node *node = pm_mounts_at(mounts, path, &is_point);
  if (is_point && !node)
    return;
  add_disk(disks, path,
           !node || node->flags & PM_MOUNT_BEHIND_REMOTE ||
               !pm_mount_is_local(&node->mount));
}

/* All subvolumes of a btrfs have the same source, and anonymous devices. */
static bool is_same_device(const struct pm_mount *a, const struct pm_mount *b) {
  if (a->major == b->major && a->minor == b->minor)
    return true;
  return a->major == 0 && b->major == 0 && a->source[0] &&
         strcmp(a->source, b->source) == 0;
}

static bool is_candidate(const struct pm_mount_node *node,
                         const struct pm_mount *const *seen, size_t count) {
  if (!is_storage(&node->mount) || !pm_mount_is_seen(node) ||
      node->flags & PM_MOUNT_BEHIND_REMOTE)
    return false;
  for (size_t i = 0; i < count; i++)
    if (is_same_device(seen[i], &node->mount))
      return false;
  return true;
}

static void choose_automatic(const struct pm_mounts *mounts,
                             bool (*is_disk)(const struct pm_mount *mount),
                             struct pm_disks *ret) {
  const struct pm_mount *seen[PM_DISK_AUTO + 1];
  size_t count = 0;
  bool is_point;
  /* "/" is always shown, whatever it stands on (overlay in a container) */
  const struct pm_mount_node *root = pm_mounts_at(mounts, "/", &is_point);
  if (root)
    seen[count++] = &root->mount;
  add_path(ret, mounts, "/");
  for (size_t i = 0; i < mounts->count && ret->count < PM_DISK_AUTO; i++) {
    const struct pm_mount *m = &mounts->list[i].mount;
    if (!is_candidate(&mounts->list[i], seen, count) || !is_disk(m))
      continue;
    seen[count++] = m;
    add_disk(ret, m->point, false);
  }
}

void pm_disk_choose(const struct pm_disk_options *options,
                    const struct pm_mounts *mounts,
                    bool (*is_disk)(const struct pm_mount *mount),
                    struct pm_disks *ret) {
  ret->count = 0;
  if (options->automatic)
    choose_automatic(mounts, is_disk, ret);
  for (size_t i = 0; i < options->paths.count; i++)
    add_path(ret, mounts, options->paths.word[i]);
  name_disks(ret);
}

/* ---- reading ---- */

/* A container has single files of a disk bound to places such as
 * /etc/resolv.conf.  The mount is compared, too, as it may have been covered
 * since the list was made. */
bool pm_disk_is_folder(const struct pm_mount *m) {
  struct statx stx;
  unsigned mask = STATX_TYPE;
#ifdef STATX_MNT_ID
  mask |= STATX_MNT_ID; /* Linux 5.8 */
#endif
  if (statx(AT_FDCWD, m->point, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, mask,
            &stx) < 0 ||
      !S_ISDIR(stx.stx_mode))
    return false;
#ifdef STATX_MNT_ID
  if (stx.stx_mask & STATX_MNT_ID)
    return stx.stx_mnt_id == m->id;
#endif
  return m->major == 0 ||
         (stx.stx_dev_major == m->major && stx.stx_dev_minor == m->minor);
}

static int read_space(const struct pm_disk *d, struct pm_probe *probe,
                      struct pm_now now, struct pm_hold_space *ret) {
  if (d->remote)
    return pm_probe_statvfs(probe, now, d->path, ret);
  struct statvfs vfs;
  if (statvfs(d->path, &vfs) < 0)
    return -errno;
  *ret = (struct pm_hold_space){
      .total = (uint64_t)vfs.f_blocks * vfs.f_frsize,
      .free = (uint64_t)vfs.f_bfree * vfs.f_frsize,
      .available = (uint64_t)vfs.f_bavail * vfs.f_frsize,
  };
  return 0;
}

/* psutil.disk_usage: used = blocks - free, free = what users may use, the
 * percentage is of the sum of these two, as df(1) prints it. */
static bool fill_row(const struct pm_disk *d, const struct pm_hold_space *s,
                     struct pm_disk_row *row) {
  if (s->total == 0 || s->free > s->total || s->available > s->free)
    return false;
  memcpy(row->name, d->name, sizeof row->name);
  row->total = (double)s->total;
  row->used = (double)(s->total - s->free);
  row->free = (double)s->available;
  row->reserved = (double)(s->free - s->available);
  double usable = row->used + row->free;
  row->percent = usable > 0 ? 100 * row->used / usable : 0;
  return true;
}

/* Not that a mount does not answer or has gone: that may pass. */
static void note_fault(struct pm_disks *disks, const struct pm_disk *d,
                       int num) {
  if (!disks->fault.num && (num == ENOENT || num == ENOTDIR || num == EACCES))
    pm_err_set(&disks->fault, num, "read the space of Disk \"%.200s\"",
               d->path);
}

int pm_disk_read(struct pm_disks *disks, const struct pm_disk_options *options,
                 const struct pm_root *root, struct pm_probe *probe,
                 struct pm_now now, struct pm_err *err) {
  if (!options->automatic && options->paths.count == 0)
    return 0;
  int status = pm_mounts_read(&disks->mounts, root, err);
  if (status < 0)
    return status;
  if (status > 0)
    pm_disk_choose(options, &disks->mounts, pm_disk_is_folder, disks);
  int rows = 0;
  disks->fault.num = 0;
  for (size_t i = 0; i < disks->count; i++) {
    struct pm_hold_space space;
    status = read_space(&disks->disk[i], probe, now, &space);
    if (status < 0 && !options->automatic)
      note_fault(disks, &disks->disk[i], -status);
    if (status == 0)
      rows += fill_row(&disks->disk[i], &space, &disks->row[rows]);
  }
  return rows;
}
