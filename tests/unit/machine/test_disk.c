/* Which mounts are shown, under what name, and who may ask them. */
#include "core/machine/disk.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define MOUNT(id, parent, device, point, type, source)                         \
  id " " parent " " device " / " point " rw shared:1 - " type " " source " rw" \
     "\n"
#define TEXT(number) #number
#define ID(number) "9" TEXT(number)
/* On the root, with an id that nobody else has. */
#define LINE(device, point, type, source)                                      \
  MOUNT(ID(__COUNTER__), "26", device, point, type, source)
#define ROOT MOUNT("26", "1", "254:0", "/", "ext4", "/dev/vda")

static const struct pm_disk_options automatic = {.automatic = true};

/* Chosen disks as "path=name" words; remote ones with a '!' behind. */
static void show(const struct pm_disks *disks, char *ret, size_t size) {
  size_t n = 0;
  ret[0] = '\0';
  for (size_t i = 0; i < disks->count && n < size; i++)
    n += (size_t)snprintf(ret + n, size - n, "%s%s=%s%s", i ? " " : "",
                          disks->disk[i].path, disks->disk[i].name,
                          disks->disk[i].remote ? "!" : "");
}

/* What stands in a place that ends so is a file. */
static bool is_disk(const struct pm_mount *mount) {
  size_t n = strlen(mount->point);
  return n < 5 || strcmp(mount->point + n - 5, ".conf") != 0;
}

static void choose(struct pm_disks *disks, const struct pm_disk_options *o,
                   const char *mountinfo) {
  char *text = strdup(mountinfo);
  disks->count = 7; /* of an earlier choice */
  assert_int_equal(pm_mounts_parse(&disks->mounts, text), 0);
  pm_disk_choose(o, &disks->mounts, is_disk, disks);
  free(text);
}

static void check_choice(const char *row, const struct pm_disk_options *o,
                         const char *mountinfo, const char *want) {
  struct pm_disks *disks = calloc(1, sizeof *disks);
  char got[2048];
  choose(disks, o, mountinfo);
  show(disks, got, sizeof got);
  check_text(row, "disks", got, want);
  pm_disk_done(disks);
  free(disks);
}

static const struct {
  const char *name, *mountinfo, *want;
} automatic_rows[] = {
    {"the root alone", ROOT, "/=root"},
    {"/ comes first", LINE("8:1", "/boot", "ext4", "/dev/sda1") ROOT,
     "/=root /boot=boot"},
    {"nothing of the kernel's own",
     ROOT LINE("0:20", "/proc", "proc", "proc")
         LINE("0:21", "/sys", "sysfs", "sysfs")
             LINE("0:22", "/dev/shm", "tmpfs", "tmpfs"),
     "/=root"},
    {"a bind mount is the same device",
     ROOT LINE("254:0", "/srv", "ext4", "/dev/vda"), "/=root"},
    {"one a device",
     ROOT LINE("8:1", "/a", "xfs", "/dev/sda1")
         LINE("8:1", "/b", "xfs", "/dev/sda1"),
     "/=root /a=a"},
    {"network file systems",
     ROOT LINE("0:40", "/n", "nfs4", "server:/x")
         LINE("0:41", "/c", "cifs", "//server/x")
             LINE("0:42", "/g", "ceph", "10.0.0.1:/"),
     "/=root"},
    {"FUSE, with and without a device",
     ROOT LINE("0:50", "/f", "fuse.sshfs", "me@host:")
         LINE("8:17", "/w", "fuseblk", "/dev/sdb1"),
     "/=root"},
    {"automounts", ROOT LINE("0:60", "/home", "autofs", "systemd-1"), "/=root"},
    {"images that are always full",
     ROOT LINE("7:1", "/snap/core/1", "squashfs", "/dev/loop1")
         LINE("11:0", "/cdrom", "iso9660", "/dev/sr0"),
     "/=root"},
    {"btrfs subvolumes",
     ROOT LINE("0:70", "/b", "btrfs", "/dev/sdc")
         LINE("0:71", "/b/home", "btrfs", "/dev/sdc"),
     "/=root /b=b"},
    {"the root is a btrfs",
     MOUNT("26", "1", "0:33", "/", "btrfs", "/dev/sda2")
         LINE("0:34", "/home", "btrfs", "/dev/sda2"),
     "/=root"},
    {"zfs data sets",
     ROOT LINE("0:80", "/t", "zfs", "tank") LINE("0:81", "/u", "zfs", "tank/u"),
     "/=root /t=t /u=u"},
    {"the root is an overlay",
     MOUNT("26", "1", "0:90", "/", "overlay", "overlay")
         LINE("8:1", "/data", "ext4", "/dev/sda1"),
     "/=root /data=data"},
    {"a local mount below a FUSE mount",
     ROOT MOUNT("50", "26", "0:50", "/f", "fuse.x", "x")
         MOUNT("51", "50", "8:1", "/f/disk", "ext4", "/dev/sda1"),
     "/=root"},
    {"a FUSE mount that a local one covers",
     ROOT MOUNT("50", "26", "0:50", "/f", "fuse.x", "x")
         MOUNT("51", "50", "8:1", "/f", "ext4", "/dev/sda1"),
     "/=root /f=f"},
    {"a local mount that a FUSE mount covers",
     ROOT MOUNT("50", "26", "8:1", "/f", "ext4", "/dev/sda1")
         MOUNT("51", "50", "0:50", "/f", "fuse.x", "x"),
     "/=root"},
    {"mounted by autofs, on its point",
     ROOT MOUNT("50", "26", "0:60", "/a", "autofs", "systemd-1")
         MOUNT("51", "50", "8:1", "/a", "ext4", "/dev/sda1"),
     "/=root"},
    {"mounted by autofs, below it",
     ROOT MOUNT("50", "26", "0:60", "/a", "autofs", "/etc/auto.a")
         MOUNT("51", "50", "8:1", "/a/cd", "ext4", "/dev/sda1")
             MOUNT("52", "51", "8:2", "/a/cd/x", "ext4", "/dev/sda2"),
     "/=root"},
    {"files, and a folder of the same disk",
     ROOT LINE("8:1", "/etc/resolv.conf", "ext4", "/dev/sda1")
         LINE("8:1", "/data", "ext4", "/dev/sda1"),
     "/=root /data=data"},
    {"two disks whose device has one name",
     ROOT LINE("8:1", "/a", "ext4", "/dev/root")
         LINE("8:2", "/b", "ext4", "/dev/root"),
     "/=root /a=a /b=b"},
    {"beside a FUSE mount",
     ROOT LINE("0:50", "/f", "fuse.x", "x")
         LINE("8:1", "/far", "ext4", "/dev/sda1"),
     "/=root /far=far"},
    {"nonsense between", ROOT "nonsense\n" LINE("8:1", "/a", "ext4", "/dev/a"),
     "/=root /a=a"},
    {"a parent that is not told of",
     ROOT MOUNT("50", "7", "8:1", "/a", "ext4", "/dev/a"), "/=root /a=a"},
    {"parents in a circle",
     ROOT MOUNT("50", "51", "8:1", "/a", "ext4", "/dev/a")
         MOUNT("51", "50", "8:2", "/b", "ext4", "/dev/b"),
     "/=root /a=a /b=b"},
    {"nothing", "", "/=root!"},
};

static void automatic_choice(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(automatic_rows); i++)
    check_choice(automatic_rows[i].name, &automatic,
                 automatic_rows[i].mountinfo, automatic_rows[i].want);
  check_end();
}

/* What a path walk comes to, and not what was mounted there once. */
static void stacked_mounts(void **state) {
  (void)state;
  static const struct {
    const char *name, *mountinfo, *want;
  } rows[] = {
      {"two on one point",
       ROOT MOUNT("50", "26", "8:1", "/d", "ext4", "/dev/sda1")
           MOUNT("51", "50", "8:2", "/d", "xfs", "/dev/sda2")
               MOUNT("52", "51", "8:3", "/d/below", "ext4", "/dev/sda3"),
       "/=root /d=d /d/below=d-below"},
      {"with a tmpfs on top",
       ROOT MOUNT("50", "26", "8:1", "/d", "ext4", "/dev/sda1")
           MOUNT("51", "50", "0:22", "/d", "tmpfs", "tmpfs"),
       "/=root"},
      {"one that is higher up",
       ROOT MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/sda1")
           MOUNT("51", "26", "0:22", "/o", "tmpfs", "tmpfs"),
       "/=root"},
      {"one that is higher up, and listed first",
       ROOT MOUNT("51", "26", "0:22", "/o", "tmpfs", "tmpfs")
           MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/sda1"),
       "/=root"},
      {"and beside it",
       ROOT LINE("8:1", "/o.a", "ext4", "/dev/sda1")
           LINE("0:22", "/o", "tmpfs", "tmpfs")
               LINE("8:2", "/o-", "ext4", "/dev/sda2")
                   LINE("8:3", "/p/o", "ext4", "/dev/sda3"),
       "/=root /o.a=o.a /o-=o- /p/o=p-o"},
      {"what is below a hidden one",
       ROOT MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/sda1")
           MOUNT("51", "50", "8:2", "/o/a/b", "ext4", "/dev/sda2")
               MOUNT("52", "26", "0:22", "/o", "tmpfs", "tmpfs"),
       "/=root"},
      {"below one that is covered as a whole",
       ROOT MOUNT("50", "26", "8:1", "/o", "ext4", "/dev/sda1")
           MOUNT("51", "50", "8:2", "/o/a", "ext4", "/dev/sda2")
               MOUNT("52", "50", "0:22", "/o", "tmpfs", "tmpfs"),
       "/=root"},
      {"on the one that covers",
       ROOT MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/sda1")
           MOUNT("51", "26", "0:22", "/o", "tmpfs", "tmpfs")
               MOUNT("52", "51", "8:2", "/o/a", "ext4", "/dev/sda2"),
       "/=root /o/a=o-a"},
      {"hidden in one place, not in another",
       ROOT MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/sda1")
           MOUNT("51", "26", "0:22", "/o", "tmpfs", "tmpfs")
               MOUNT("52", "26", "8:1", "/p", "ext4", "/dev/sda1"),
       "/=root /p=p"},
      {"the first root of the boot, and the real one",
       MOUNT("1", "1", "0:2", "/", "rootfs", "rootfs") ROOT, "/=root"},
      {"two disks on the root",
       MOUNT("1", "1", "8:9", "/", "ext4", "/dev/sdx") ROOT, "/=root"},
      {"the same, listed the other way",
       ROOT MOUNT("1", "1", "8:9", "/", "ext4", "/dev/sdx"), "/=root"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_choice(rows[i].name, &automatic, rows[i].mountinfo, rows[i].want);
  check_end();
}

/* A chain as long as the list, and a list without end to one side. */
static void many_mounts(void **state) {
  (void)state;
  enum { MANY = 30000 };
  static const struct {
    const char *name;
    bool chain;
    const char *want;
  } rows[] = {{"each on the one before", true, "/=root /m=m"},
              {"each in a place of its own", false, "/=root /m=m"}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    size_t n = 0, size = MANY * 80;
    char *text = malloc(size);
    n += (size_t)snprintf(text, size,
                          "1 0 0:1 / / rw - nfs s:/ rw\n"
                          "2 %s 8:1 / / rw - ext4 /dev/a rw\n",
                          rows[i].chain ? "1" : "0");
    for (unsigned k = 3; k < MANY; k++)
      n += (size_t)snprintf(
          text + n, size - n, "%u %u 0:%u / /m%.0u rw - tmpfs t rw\n", k,
          rows[i].chain ? k - 1 : 2, k, rows[i].chain ? 0 : k);
    snprintf(text + n, size - n, "%u %u 8:2 / /m rw - ext4 /dev/b rw\n", MANY,
             rows[i].chain ? MANY - 1 : 2);
    check_choice(rows[i].name, &automatic, text, rows[i].want);
    free(text);
  }
  check_end();
}

/* Whatever the order in which they were mounted. */
static void names(void **state) {
  (void)state;
  static const char *const orders[] = {
      ROOT LINE("8:1", "/a/b", "ext4", "/dev/a")
          LINE("8:2", "/a-b", "ext4", "/dev/b")
              LINE("8:3", "/a.b", "ext4", "/dev/c")
                  LINE("8:4", "/a_b", "ext4", "/dev/d")
                      LINE("8:5", "/root", "ext4", "/dev/e"),
      LINE("8:5", "/root", "ext4", "/dev/e")
          LINE("8:4", "/a_b", "ext4", "/dev/d")
              LINE("8:3", "/a.b", "ext4", "/dev/c")
                  LINE("8:2", "/a-b", "ext4", "/dev/b")
                      LINE("8:1", "/a/b", "ext4", "/dev/a") ROOT,
  };
  static const struct {
    const char *path, *name;
  } want[] = {{"/", "root"},
              {"/a-b", "a-b"},
              {"/a.b", "a.b"},
              {"/a/b", "a-b-ffa0fc0c"},
              {"/a_b", "a_b-20b5c07c"},
              {"/root", "root-bd81360a"}};
  for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
    struct pm_disks *disks = calloc(1, sizeof *disks);
    choose(disks, &automatic, orders[i]);
    check_u64("names", "count", disks->count, CHECK_COUNT(want));
    for (size_t k = 0; k < CHECK_COUNT(want); k++)
      for (size_t d = 0; d < disks->count; d++)
        if (strcmp(disks->disk[d].path, want[k].path) == 0)
          check_text(want[k].path, "name", disks->disk[d].name, want[k].name);
    pm_disk_done(disks);
    free(disks);
  }
  check_choice("names", &automatic,
               ROOT LINE("8:6", "/my\\040disk", "ext4", "/dev/f"),
               "/=root /my disk=my_disk");
  check_end();
}

static void sixteen(void **state) {
  (void)state;
  static const unsigned counts[] = {14, 15, 16, 40};
  for (size_t i = 0; i < CHECK_COUNT(counts); i++) {
    char row[32], text[4096] = ROOT;
    for (unsigned k = 0; k < counts[i]; k++)
      snprintf(text + strlen(text), sizeof text - strlen(text),
               "%u 26 8:%u / /m%u rw - ext4 /dev/sd%u rw\n", 100 + k, k, k, k);
    struct pm_disks *disks = calloc(1, sizeof *disks);
    choose(disks, &automatic, text);
    snprintf(row, sizeof row, "/ and %u more", counts[i]);
    check_u64(row, "count", disks->count,
              counts[i] < PM_DISK_AUTO ? counts[i] + 1 : PM_DISK_AUTO);
    pm_disk_done(disks);
    free(disks);
  }
  check_end();
}

/* ---- configured paths ---- */

static void check_paths(const char *row, const char *mountinfo,
                        const char *path, const char *want) {
  char *word[] = {strdup(path)};
  struct pm_disk_options o = {.paths = {word, 1}};
  check_choice(row, &o, mountinfo, want);
  free(word[0]);
}

static void configured_paths(void **state) {
  (void)state;
  static const struct {
    const char *name, *mountinfo, *path, *want;
  } rows[] = {
      {"the root", ROOT, "/", "/=root"},
      {"a disk", ROOT LINE("8:1", "/d", "ext4", "/dev/a"), "/d", "/d=d"},
      {"not chosen automatically: tmpfs",
       ROOT LINE("0:22", "/run", "tmpfs", "tmpfs"), "/run", "/run=run"},
      {"a network file system", ROOT LINE("0:40", "/n", "nfs4", "server:/x"),
       "/n", "/n=n!"},
      {"below one", ROOT LINE("0:40", "/n", "nfs4", "s:/x"), "/n/x",
       "/n/x=n-x!"},
      {"beside one",
       ROOT LINE("0:40", "/n", "nfs4", "s:/x")
           LINE("8:1", "/nn", "ext4", "/dev/a"),
       "/nn", "/nn=nn"},
      {"a disk below FUSE",
       ROOT MOUNT("50", "26", "0:50", "/f", "fuse.x", "x")
           MOUNT("51", "50", "8:1", "/f/d", "ext4", "/dev/a"),
       "/f/d", "/f/d=f-d!"},
      {"a FUSE mount that a local one covers",
       ROOT MOUNT("50", "26", "0:50", "/f", "fuse.x", "x")
           MOUNT("51", "50", "8:1", "/f", "ext4", "/dev/a"),
       "/f", "/f=f"},
      {"a disk on autofs, which may make the walk wait",
       ROOT MOUNT("50", "26", "0:60", "/f", "autofs", "x")
           MOUNT("51", "50", "8:1", "/f", "ext4", "/dev/a"),
       "/f", "/f=f!"},
      {"a disk that cannot be seen",
       ROOT MOUNT("50", "26", "8:1", "/o/a", "ext4", "/dev/a")
           MOUNT("51", "26", "0:22", "/o", "tmpfs", "tmpfs"),
       "/o/a", ""},
      {"a file", ROOT LINE("8:1", "/a.conf", "ext4", "/dev/a"), "/a.conf",
       "/a.conf=a.conf"},
      {"fuseblk", ROOT LINE("8:1", "/w", "fuseblk", "/dev/a"), "/w", "/w=w!"},
      {"an unknown type", ROOT LINE("0:77", "/x", "newfs", "none"), "/x",
       "/x=x!"},
      {"a disk below a remote root",
       MOUNT("26", "1", "0:40", "/", "nfs", "s:/r")
           LINE("8:1", "/d", "ext4", "/dev/a"),
       "/d", "/d=d!"},
      {"the root is remote", LINE("0:40", "/", "nfs", "s:/r"), "/", "/=root!"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_paths(rows[i].name, rows[i].mountinfo, rows[i].path, rows[i].want);
  check_end();
}

/* statvfs(2) of these may block for ever; the tick must not be who asks. */
static void remote_in_disguise(void **state) {
  (void)state;
  char *monitors;
  assert_true(asprintf(&monitors, "%s99 26 0:40 / /c rw - ceph %0300d:/ rw\n",
                       ROOT, 0) > 0);
  check_paths("a source of 300 bytes", monitors, "/c", "/c=c!");
  free(monitors);
  static const char nfs[] = ROOT LINE("0:40", "/n", "nfs4", "s:/x");
  check_paths("a slash at the end", nfs, "/n/", "/n/=n-!");
  check_paths("a slash too many", nfs, "//n", "//n=n!");
  check_paths("a way round", nfs, "/home/../n", "/home/../n=home-..-n!");
  check_paths("no mount point: it may be a link to anywhere", ROOT,
              "/home/me/data", "/home/me/data=home-me-data!");
  check_end();
}

static void paths_too_many(void **state) {
  (void)state;
  static char path[PM_DISK_MAX + 5][600];
  char *word[PM_DISK_MAX + 5];
  for (size_t i = 0; i < CHECK_COUNT(word); i++) {
    snprintf(path[i], sizeof path[i], "/d%zu", i);
    word[i] = path[i];
  }
  memset(path[3], 'x', sizeof path[3] - 1);
  path[3][0] = '/'; /* longer than a path may be */
  struct pm_disk_options o = {.paths = {word, CHECK_COUNT(word)}};
  struct pm_disks *disks = calloc(1, sizeof *disks);
  choose(disks, &o, ROOT);
  check_u64("69 paths", "count", disks->count, PM_DISK_MAX);
  check_text("69 paths", "the long one is left out", disks->disk[3].path,
             "/d4");
  pm_disk_done(disks);
  free(disks);
  check_end();
}

/* ---- reading ---- */

static void reading(void **state) {
  (void)state;
  struct fake_root *fake = fake_root_new();
  struct pm_root root;
  struct pm_err err = PM_ERR_INIT;
  struct pm_now now = {.mono = 1};
  char *here = fake_root_path(fake, "proc"), *gone = fake_root_path(fake, "no");
  char *text, *word[] = {gone, here};
  struct pm_disk_options o = {.paths = {word, 2}};
  struct pm_disks *disks = calloc(1, sizeof *disks);
  assert_int_equal(pm_root_open(&root, fake_root_proc(fake), "/", &err), 0);
  check_int("no mountinfo", "status",
            pm_disk_read(disks, &o, &root, NULL, now, &err), -ENOENT);
  /* mount points, and local, so that no probe is asked */
  assert_true(asprintf(&text,
                       ROOT LINE("8:1", "%s", "ext4", "/dev/a")
                           LINE("8:2", "%s", "ext4", "/dev/b"),
                       gone, here) > 0);
  fake_root_put(fake, "proc/self/mountinfo", text);
  check_int("one of two", "rows",
            pm_disk_read(disks, &o, &root, NULL, now, &err), 1);
  const struct pm_disk_row *r = &disks->row[0];
  struct statvfs vfs;
  assert_int_equal(statvfs(here, &vfs), 0);
  check_text("one of two", "name", r->name, disks->disk[1].name);
  check_real("one of two", "total", r->total,
             (double)vfs.f_blocks * (double)vfs.f_frsize);
  check_real("one of two", "parts", r->used + r->free + r->reserved, r->total);
  check_true("one of two", "percent", r->percent >= 0 && r->percent <= 100);
  fake_root_put(fake, "proc/self/mountinfo", ROOT);
  check_int("nothing says that it changed", "rows",
            pm_disk_read(disks, &o, &root, NULL, now, &err), 1);
  check_text("nothing says that it changed", "name", r->name,
             disks->disk[1].name);
  o = (struct pm_disk_options){0};
  check_int("none wanted", "rows",
            pm_disk_read(disks, &o, &root, NULL, now, &err), 0);
  pm_disk_done(disks);
  pm_root_close(&root);
  free(disks);
  free(text);
  free(here);
  free(gone);
  fake_root_free(fake);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(automatic_choice),
      cmocka_unit_test(stacked_mounts),
      cmocka_unit_test(many_mounts),
      cmocka_unit_test(names),
      cmocka_unit_test(sixteen),
      cmocka_unit_test(configured_paths),
      cmocka_unit_test(remote_in_disguise),
      cmocka_unit_test(paths_too_many),
      cmocka_unit_test(reading),
  };
  return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
