/* Paths of control groups: those that were learnt, and the kernel's own. */
#include "core/procfs/cgroup.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A container host's: none pushes out another.  All of the ids are equal in
 * their low bits. */
static void learnt(void **state) {
  (void)state;
  enum { GROUPS = 2000 };
  struct fake_root *fake = fake_root_new();
  struct pm_root root = PM_ROOT_INIT;
  struct pm_cgroups cgroups;
  struct pm_err err = PM_ERR_INIT;
  assert_int_equal(
      pm_root_open(&root, fake_root_proc(fake), fake_root_sys(fake), &err), 0);
  pm_cgroups_init(&cgroups, &root);
  char path[64];
  for (uint64_t i = 1; i <= GROUPS; i++) {
    snprintf(path, sizeof path, "/system.slice/%d.scope", (int)i);
    pm_cgroups_learn(&cgroups, i * 4096, path);
  }
  for (uint64_t i = 1; i <= GROUPS; i++) {
    snprintf(path, sizeof path, "/system.slice/%d.scope", (int)i);
    check_text(path, "path", pm_cgroups_path(&cgroups, i * 4096), path);
  }
  check_true("another", "unknown", !pm_cgroups_path(&cgroups, 77));
  pm_cgroups_learn(&cgroups, 1, "/");
  check_true("the root", "is nobody's", !pm_cgroups_path(&cgroups, 1));
  char endless[PM_CGROUP_PATH + 1];
  memset(endless, 'a', sizeof endless);
  endless[PM_CGROUP_PATH] = '\0';
  pm_cgroups_learn(&cgroups, 78, endless);
  check_true("too long", "not kept", !pm_cgroups_path(&cgroups, 78));
  pm_cgroups_done(&cgroups);
  pm_root_close(&root);
  fake_root_free(fake);
  check_end();
}

/* The id is the inode of the folder. */
static void kernels_own(void **state) {
  (void)state;
  struct pm_root root = PM_ROOT_INIT;
  struct pm_cgroups cgroups;
  struct pm_err err = PM_ERR_INIT;
  assert_int_equal(pm_root_open(&root, "/proc", "/sys", &err), 0);
  pm_cgroups_init(&cgroups, &root);
  int top = cgroups.top < 0 ? -1 : openat(cgroups.top, ".", O_RDONLY);
  DIR *dir = top < 0 ? NULL : fdopendir(top);
  const struct dirent *d;
  while (dir && (d = readdir(dir))) {
    struct stat st;
    char path[300];
    if (d->d_type != DT_DIR || d->d_name[0] == '.' ||
        fstatat(cgroups.top, d->d_name, &st, 0) < 0)
      continue;
    snprintf(path, sizeof path, "/%s", d->d_name);
    const char *got = pm_cgroups_path(&cgroups, st.st_ino);
    if (got) /* needs CAP_DAC_READ_SEARCH */
      check_text(path, "path", got, path);
  }
  if (dir)
    closedir(dir);
  pm_cgroups_done(&cgroups);
  pm_root_close(&root);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learnt),
      cmocka_unit_test(kernels_own),
  };
  return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
