/* The list of mounts against the kernel itself, in a mount namespace of our
 * own. */
#include "core/machine/disk.h"

#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/procman-mounts.XXXXXX";
static struct pm_root root;

/* proc_pid_mountinfo(5): "shared:" names the group that changes reach. */
static bool is_any_shared(void) {
  char line[4096];
  bool is_found = false;
  FILE *f = fopen("/proc/self/mountinfo", "re");
  while (f && !is_found && fgets(line, sizeof line, f))
    is_found = strstr(line, " shared:");
  if (f)
    fclose(f);
  return is_found || !f;
}

/* A user namespace, too, for who is not root. */
static void enter_namespace(void) {
  if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
    check_skip("no mount namespace can be made");
  /* In a chroot "/" is no mount, so nothing can be made private. */
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && is_any_shared())
    check_skip("mounts cannot be made private");
}

static void mount_tmpfs(const char *path) {
  assert_int_equal(mount("t", path, "tmpfs", 0, "size=64k"), 0);
}

/* ---- when it is read ---- */

static void read_after_changes(void **state) {
  (void)state;
  struct pm_mounts m = {0};
  check_int("at first", "status", pm_mounts_read(&m, &root, NULL), 1);
  size_t count = m.count;
  check_int("no change", "status", pm_mounts_read(&m, &root, NULL), 0);
  mount_tmpfs(place);
  check_int("mounted", "status", pm_mounts_read(&m, &root, NULL), 1);
  check_u64("mounted", "mounts", m.count, count + 1);
  check_int("no change", "status", pm_mounts_read(&m, &root, NULL), 0);
  assert_int_equal(umount(place), 0);
  check_int("unmounted", "status", pm_mounts_read(&m, &root, NULL), 1);
  check_u64("unmounted", "mounts", m.count, count);
  check_int("no change", "status", pm_mounts_read(&m, &root, NULL), 0);
  pm_mounts_done(&m);
  check_end();
}

/* ---- what can be seen ---- */

#ifdef STATX_MNT_ID
static uint64_t mount_at(const char *path) {
  struct statx stx;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID,
            &stx) < 0)
    return UINT64_MAX;
  if (!(stx.stx_mask & STATX_MNT_ID))
    check_skip("the kernel does not tell the mount of a path (Linux 5.8)");
  return stx.stx_mnt_id;
}

static void compare_with_kernel(const struct pm_mounts *m) {
  for (size_t i = 0; i < m->count; i++) {
    const struct pm_mount_node *node = &m->list[i];
    if (strncmp(node->mount.point, place, strlen(place)) != 0)
      continue; /* what a walk elsewhere comes to may block */
    check_true(node->mount.point, "is seen, or not, as the kernel says",
               pm_mount_is_seen(node) ==
                   (mount_at(node->mount.point) == node->mount.id));
  }
}

/* "place/x/y/..." with up to four parts, made where it is missing. */
static void random_folder(char *ret, size_t size) {
  static const char *const parts[] = {"/a", "/b", "/a.", "/ab"};
  snprintf(ret, size, "%s", place);
  for (int depth = rand() % 5; depth > 0; depth--) {
    strcat(ret, parts[rand() % 4]);
    mkdir(ret, 0755);
  }
}

static void random_trees(void **state) {
  (void)state;
  enum { TREES = 40, MOUNTS = 25 };
  struct pm_mounts m = {0};
  size_t hidden = 0;
  for (unsigned tree = 0; tree < TREES; tree++) {
    srand(tree);
    mount_tmpfs(place);
    for (int i = 0; i < MOUNTS; i++) {
      char path[256];
      random_folder(path, sizeof path);
      mount_tmpfs(path);
    }
    check_int("a tree", "status", pm_mounts_read(&m, &root, NULL), 1);
    compare_with_kernel(&m);
    for (size_t i = 0; i < m.count; i++)
      hidden += !(m.list[i].flags & PM_MOUNT_REACHED);
    while (umount2(place, MNT_DETACH) == 0)
      ;
  }
  check_true("all trees", "some were out of reach", hidden > TREES);
  pm_mounts_done(&m);
  check_end();
}
#endif

/* ---- what is a disk ---- */

static struct pm_mount mount_of(const struct pm_mounts *m, const char *path) {
  bool is_point;
  const struct pm_mount_node *node = pm_mounts_at(m, path, &is_point);
  assert_non_null(node);
  return node->mount;
}

static void folders_and_files(void **state) {
  (void)state;
  struct pm_mounts m = {0};
  char file[64], folder[64];
  mount_tmpfs(place);
  snprintf(file, sizeof file, "%s/file", place);
  snprintf(folder, sizeof folder, "%s/folder", place);
  assert_int_equal(mkdir(folder, 0755), 0);
  close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  assert_int_equal(mount(file, file, NULL, MS_BIND, NULL), 0);
  mount_tmpfs(folder);
  assert_int_equal(pm_mounts_read(&m, &root, NULL), 1);
  struct pm_mount mount = mount_of(&m, file);
  check_true("a file", "is no disk", !pm_disk_is_folder(&mount));
  mount = mount_of(&m, folder);
  check_true("a folder", "is one", pm_disk_is_folder(&mount));
  mount_tmpfs(folder);
  check_true("covered since", "is none", !pm_disk_is_folder(&mount));
  assert_int_equal(umount(folder) | umount(folder), 0);
  check_true("unmounted since", "is none", !pm_disk_is_folder(&mount));
  assert_int_equal(rmdir(folder), 0);
  check_true("gone", "is none", !pm_disk_is_folder(&mount));
  pm_mounts_done(&m);
  umount2(place, MNT_DETACH);
  check_end();
}

int main(void) {
  struct pm_err err;
  if (!mkdtemp(place))
    return 1;
  int status = pm_root_open(&root, "/proc", "/sys", &err);
  enter_namespace();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(read_after_changes),
#ifdef STATX_MNT_ID
      cmocka_unit_test(random_trees),
#endif
      cmocka_unit_test(folders_and_files),
  };
  if (status == 0)
    status = cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
  pm_root_close(&root);
  rmdir(place);
  return status ? 1 : 0;
}
