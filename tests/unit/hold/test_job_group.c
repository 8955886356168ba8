/* What is made of a job's limits, in a folder that looks like cgroup2: the
 * kernel's files appear in a group as it is made. */
#include "hold/job_group.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *files[] = {"cgroup.procs", "cgroup.subtree_control",
                              "memory.max", "cpu.max", "pids.max"};
static const char *controllers; /* of all groups */
static const char *missing;     /* a file that is not there */

int __real_mkdirat(int above, const char *name, mode_t mode);
int __wrap_mkdirat(int above, const char *name, mode_t mode);

static void fill(int dir) {
  for (size_t i = 0; i < CHECK_COUNT(files); i++)
    if (!missing || strcmp(files[i], missing) != 0)
      close(openat(dir, files[i], O_CREAT | O_WRONLY, 0600));
  int fd = openat(dir, "cgroup.controllers", O_CREAT | O_WRONLY, 0600);
  check_true("controllers", "written",
             write(fd, controllers, strlen(controllers)) >= 0);
  close(fd);
}

int __wrap_mkdirat(int above, const char *name, mode_t mode) {
  int status = __real_mkdirat(above, name, mode);
  int dir = status < 0 ? -1 : openat(above, name, O_RDONLY | O_DIRECTORY);
  int error = errno;
  if (dir >= 0) {
    fill(dir);
    close(dir);
  }
  errno = error;
  return status;
}

/* As rmdir(2) of a group, whose files go with it. */
static int remove_one(const char *name, const struct stat *st, int type,
                      struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(name);
}

int __real_unlinkat(int above, const char *name, int flags);
int __wrap_unlinkat(int above, const char *name, int flags);
int __wrap_unlinkat(int above, const char *name, int flags) {
  char path[600], from[64];
  if (!(flags & AT_REMOVEDIR))
    return __real_unlinkat(above, name, flags);
  snprintf(from, sizeof from, "/proc/self/fd/%d", above);
  ssize_t n = readlink(from, path, 500);
  snprintf(path + (n < 0 ? 0 : n), 90, "/%s", name);
  return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void begin(const char *which, const char *without) {
  controllers = which;
  missing = without;
  fill(place_new());
}

static void end(void) {
  nftw(place_path(), remove_one, 8, FTW_DEPTH | FTW_PHYS);
  place_done();
}

static time_t later; /* seconds */

time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);
time_t __wrap_time(time_t *ret) { return __real_time(ret) + later; }

static char group[HOLD_CGROUP_PATH];

static int make(const struct pm_job_fields *f) {
  return hold_job_group_make(place_path(), "a", f, group, sizeof group);
}

static void check_file(const char *row, const char *name, const char *want) {
  check_text(row, name, place_read(name, NULL), want);
}

static void limits(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct pm_job_fields fields;
    const char *memory, *cpu, *pids, *enabled;
  } rows[] = {
      {"none", {.uid = 1}, "", "", "", ""},
      {"memory", {.memory_max_bytes = 4096}, "4096", "", "", "+memory"},
      {"all of it",
       {.memory_max_bytes = UINT64_MAX},
       "18446744073709551615",
       "",
       "",
       "+memory"},
      {"half a core", {.cpu_max_percent = 50}, "", "50000 100000", "", "+cpu"},
      {"the least", {.cpu_max_percent = 1}, "", "1000 100000", "", "+cpu"},
      {"the most",
       {.cpu_max_percent = PM_JOB_CPU_MOST},
       "",
       "10000000000 100000",
       "",
       "+cpu"},
      {"processes", {.pids_max = 7}, "", "", "7", "+pids"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const char *name = rows[i].name;
    begin("cpuset cpu memory pids\n", NULL);
    check_int(name, "status", make(&rows[i].fields), 0);
    check_file(name, "procman/a/memory.max", rows[i].memory);
    check_file(name, "procman/a/cpu.max", rows[i].cpu);
    check_file(name, "procman/a/pids.max", rows[i].pids);
    check_file(name, "procman/cgroup.subtree_control", rows[i].enabled);
    check_file(name, "cgroup.subtree_control", rows[i].enabled);
    check_file(name, "procman/a/cgroup.subtree_control", "");
    end();
  }
  check_end();
}

static void refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *controllers, *missing;
    struct pm_job_fields fields;
    int want;
  } rows[] = {
      {"no memory", "cpu pids\n", NULL, {.memory_max_bytes = 1}, -ENOTSUP},
      {"no cpu", "cpuset memory\n", NULL, {.cpu_max_percent = 1}, -ENOTSUP},
      {"no pids", "\n", NULL, {.pids_max = 1}, -ENOTSUP},
      {"one of two",
       "pids\n",
       NULL,
       {.pids_max = 1, .cpu_max_percent = 1},
       -ENOTSUP},
      {"no file", "pids\n", "pids.max", {.pids_max = 1}, -ENOENT},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    begin(rows[i].controllers, rows[i].missing);
    check_int(rows[i].name, "status", make(&rows[i].fields), rows[i].want);
    check_true(rows[i].name, "nothing left", !place_has("procman/a"));
    check_int(rows[i].name, "without limits",
              make(&(struct pm_job_fields){.uid = 1}), 0);
    end();
  }
  check_int("no cgroup2", "status",
            hold_job_group_make("/no/such/folder", "a",
                                &(struct pm_job_fields){.uid = 1}, group,
                                sizeof group),
            -ENOENT);
  check_end();
}

/* Another state directory's job may have the same id. */
static void names(void **state) {
  (void)state;
  char want[HOLD_CGROUP_PATH], got[HOLD_CGROUP_PATH];
  static const char *const rows[] = {"a", "a.2", "a.3"};
  const struct pm_job_fields f = {.uid = 1};
  begin("\n", NULL);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_int(rows[i], "status", make(&f), 0);
    snprintf(want, sizeof want, "%s/procman/%s", place_path(), rows[i]);
    check_text(rows[i], "path", group, want);
    int folder = open(place_path(), O_PATH | O_DIRECTORY);
    check_int(rows[i], "linked", hold_job_group_link(folder, group), 0);
    close(folder);
    char link[128];
    snprintf(link, sizeof link, "%s/group", place_path());
    ssize_t n = readlink(link, got, sizeof got - 1);
    got[n < 0 ? 0 : n] = '\0';
    check_text(rows[i], "link", got, want);
  }
  check_int("no room", "status",
            hold_job_group_make(place_path(), "a", &f, group, 10),
            -ENAMETOOLONG);
  check_true("no room", "nothing left", !place_has("procman/a.4"));
  check_int("the one of holders", "status", hold_job_group_leave(want), 0);
  check_file("the one of holders", "procman/_holders/cgroup.procs", "0");
  end();
  check_end();
}

static void link_to(const char *name) {
  char path[256];
  make(&(struct pm_job_fields){.uid = 1});
  snprintf(path, sizeof path, "%s/%s", place_path(), name);
  __real_mkdirat(AT_FDCWD, path, 0700);
  int folder = open(path, O_PATH | O_DIRECTORY);
  check_int(name, "linked", hold_job_group_link(folder, group), 0);
  close(folder);
}

static void lose(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", place_path(), name);
  nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A group whose job's folder is gone is nobody's; all others stay. */
static void swept(void **state) {
  (void)state;
  if (geteuid() != 0)
    skip(); /* trusted.* is root's: xattr(7) */
  begin("\n", NULL);
  link_to("one");
  link_to("two");
  make(&(struct pm_job_fields){.uid = 1}); /* not linked yet */
  lose("one");
  later = 30;
  hold_job_group_sweep(group);
  check_true("young", "stays", place_has("procman/a"));
  later = 90;
  hold_job_group_sweep(group);
  check_true("lost", "removed", !place_has("procman/a"));
  check_true("of a job", "stays", place_has("procman/a.2"));
  check_true("of nobody known", "stays", place_has("procman/a.3"));
  lose("two");
  hold_job_group_sweep("/no/such/group");
  hold_job_group_sweep(group);
  check_true("lost, too", "removed", !place_has("procman/a.2"));
  later = 0;
  end();
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits),
      cmocka_unit_test(refused),
      cmocka_unit_test(names),
      cmocka_unit_test(swept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
