/* Where cgroup2 is mounted, of what different machines show. */
#include "hold/cgroup.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PROC "22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
#define V1                                                                     \
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"

static void mounts(void **state) {
  (void)state;
  static const struct {
    const char *name, *mountinfo, *want; /* NULL: none */
  } rows[] = {
      {"unified",
       PROC "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 "
            "cgroup2 rw,nsdelegate\n",
       "/sys/fs/cgroup"},
      {"hybrid",
       V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
       "/sys/fs/cgroup/unified"},
      {"without a last newline", "41 31 0:38 / /a rw - cgroup2 none rw", "/a"},
      {"of another root", "41 31 0:38 /x /a rw,noexec - cgroup2 none rw\n",
       "/a"},
      {"read-only", PROC "41 31 0:38 / /a ro,nosuid - cgroup2 none rw\n", NULL},
      {"the second can be written",
       "41 31 0:38 / /a ro - cgroup2 none rw\n"
       "42 31 0:38 / /b rw - cgroup2 none rw\n",
       "/b"},
      {"only version 1", PROC V1, NULL},
      {"a name like it", "41 31 0:38 / /a rw - cgroup2x none rw\n", NULL},
      {"a blank in its path", "41 31 0:38 / /a\\040b rw - cgroup2 x rw\n",
       NULL},
      {"too long for a path",
       "41 31 0:38 / /01234567890123456789012345678901 rw - cgroup2 x rw\n",
       NULL},
      {"cut", "41 31 0:38 / /a", NULL},
      {"cut in its options", "41 31 0:38 / /a rw", NULL},
      {"an empty line", "\n\n41 31 0:38 / /a rw - cgroup2 x rw\n", "/a"},
      {"nothing", "", NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[32] = "";
    bool found = hold_cgroup_find_mount(rows[i].mountinfo, got, sizeof got);
    check_int(rows[i].name, "found", found, rows[i].want != NULL);
    if (rows[i].want)
      check_text(rows[i].name, "path", got, rows[i].want);
  }
  check_end();
}

static void controllers(void **state) {
  (void)state;
  int dir = place_new();
  static const char all[] = "cpuset cpu io memory\n";
  place_file("cgroup.controllers", all, sizeof all - 1, 1);
  place_file("cgroup.subtree_control", "", 0, 1);
  check_int("memory", "status", hold_cgroup_enable(dir, "memory"), 0);
  check_text("memory", "written", place_read("cgroup.subtree_control", NULL),
             "+memory");
  check_int("cpu", "status", hold_cgroup_enable(dir, "cpu"), 0);
  check_int("pids", "status", hold_cgroup_enable(dir, "pids"), -ENOTSUP);
  check_int("set", "status", hold_cgroup_enable(dir, "set"), -ENOTSUP);
  unlinkat(dir, "cgroup.controllers", 0);
  check_int("no such file", "status", hold_cgroup_enable(dir, "cpu"), -ENOTSUP);
  check_int("no file", "write", hold_cgroup_write(dir, "none", "1"), -ENOENT);
  place_done();
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mounts),
      cmocka_unit_test(controllers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
