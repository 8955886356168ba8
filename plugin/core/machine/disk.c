#include "core/machine/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

void pm_disk_done(struct pm_disks *disks) {
  free(disks->text);
  *disks = (struct pm_disks){0};
}

/* File systems whose answer comes from this kernel alone. */
static bool is_local(const struct pm_mount *m) {
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

/* What "auto" shows: storage.  zfs and btrfs have anonymous devices. */
static bool is_storage(const struct pm_mount *m) {
  static const char *const images[] = {"squashfs", "iso9660", "erofs", "udf"};
  for (size_t i = 0; i < sizeof images / sizeof *images; i++)
    if (strcmp(m->type, images[i]) == 0)
      return false; /* always full, by construction */
  return is_local(m) && (m->major != 0 || strcmp(m->type, "zfs") == 0 ||
                         strcmp(m->type, "btrfs") == 0);
}

static bool is_below(const char *path, const char *point) {
  size_t n = strlen(point);
  if (n == 1)
    return true; /* "/" */
  return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* A later mount on the same point hides this one. */
static bool is_hidden(const struct pm_mount *m, const char *rest) {
  struct pm_mount later;
  int status;
  for (const char *p = rest; (status = pm_parse_mount(&p, &later)) != 1;)
    if (status == 0 && strcmp(later.point, m->point) == 0)
      return true;
  return false;
}

/* Walking to a path passes every mount above it: one that is not local is
 * enough to block. */
static bool is_remote(const char *mountinfo, const char *path) {
  struct pm_mount m;
  int status;
  for (const char *p = mountinfo; (status = pm_parse_mount(&p, &m)) != 1;)
    if (status == 0 && is_below(path, m.point) && !is_local(&m) &&
        !is_hidden(&m, p))
      return true;
  return false;
}

/* Only a mount point's own path is sure to lead there: any other may have
 * symbolic links to anywhere. */
static bool is_point(const char *mountinfo, const char *path) {
  struct pm_mount m;
  int status;
  for (const char *p = mountinfo; (status = pm_parse_mount(&p, &m)) != 1;)
    if (status == 0 && strcmp(m.point, path) == 0)
      return true;
  return false;
}

static bool is_named(const struct pm_disks *disks, const char *name) {
  for (size_t i = 0; i < disks->count; i++)
    if (pm_name_same(disks->disk[i].name, name))
      return true;
  return false;
}

static void add_disk(struct pm_disks *disks, const char *mountinfo,
                     const char *path) {
  struct pm_disk *d = &disks->disk[disks->count];
  if (disks->count == PM_DISK_MAX || strlen(path) >= sizeof d->path)
    return;
  strcpy(d->path, path);
  pm_name_mount(path, d->name);
  if (is_named(disks, d->name))
    pm_name_tell_apart(path, d->name);
  d->remote = !is_point(mountinfo, path) || is_remote(mountinfo, path);
  disks->count++;
}

struct device {
  uint32_t major, minor;
  char source[256]; /* the same for all subvolumes of a btrfs */
};

static bool is_seen(const struct device *seen, size_t count,
                    const struct pm_mount *m) {
  for (size_t i = 0; i < count; i++)
    if ((m->major != 0 && seen[i].major == m->major &&
         seen[i].minor == m->minor) ||
        (m->source[0] && strcmp(seen[i].source, m->source) == 0))
      return true;
  return false;
}

static void remember(struct device *seen, size_t *count,
                     const struct pm_mount *m) {
  struct device *d = &seen[(*count)++];
  d->major = m->major;
  d->minor = m->minor;
  strcpy(d->source, m->source);
}

static void choose_automatic(const char *mountinfo, struct pm_disks *ret) {
  struct device seen[PM_DISK_AUTO + 1];
  size_t count = 0;
  struct pm_mount m;
  int status;
  /* "/" is always shown, whatever it stands on (overlay in a container) */
  for (const char *p = mountinfo; (status = pm_parse_mount(&p, &m)) != 1;)
    if (status == 0 && strcmp(m.point, "/") == 0 && !is_hidden(&m, p))
      remember(seen, &count, &m);
  add_disk(ret, mountinfo, "/");
  for (const char *p = mountinfo; (status = pm_parse_mount(&p, &m)) != 1;) {
    if (status < 0 || !is_storage(&m) || is_hidden(&m, p))
      continue;
    if (ret->count == PM_DISK_AUTO || is_seen(seen, count, &m) ||
        is_remote(mountinfo, m.point))
      continue;
    remember(seen, &count, &m);
    add_disk(ret, mountinfo, m.point);
  }
}

void pm_disk_choose(const struct pm_disk_options *options,
                    const char *mountinfo, struct pm_disks *ret) {
  ret->count = 0;
  if (options->automatic)
    choose_automatic(mountinfo, ret);
  for (size_t i = 0; i < options->paths.count; i++)
    add_disk(ret, mountinfo, options->paths.word[i]);
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

int pm_disk_read(struct pm_disks *disks, const struct pm_disk_options *options,
                 const struct pm_root *root, struct pm_probe *probe,
                 struct pm_now now, struct pm_err *err) {
  if (!options->automatic && options->paths.count == 0)
    return 0;
  ssize_t n = pm_root_read_grow(root->proc, "self/mountinfo", &disks->text,
                                &disks->size);
  if (n < 0)
    return pm_err_set(err, (int)-n, "read %s/self/mountinfo", root->proc_path);
  pm_disk_choose(options, disks->text, disks);
  int rows = 0;
  for (size_t i = 0; i < disks->count; i++) {
    struct pm_hold_space space;
    if (read_space(&disks->disk[i], probe, now, &space) == 0)
      rows += fill_row(&disks->disk[i], &space, &disks->row[rows]);
  }
  return rows;
}
