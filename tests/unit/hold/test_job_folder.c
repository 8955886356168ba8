/* The folder of a job and the place of its log: what is made, with which modes,
 * and that no link leads anywhere else. */
#include "hold/job_folder.h"

#include "hold/local_fs.h"

#include "base/job_spec.h"
#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static char path[512];
static uint32_t magic; /* what fstatfs(2) says; 0: as it is */

int __real_fstatfs(int fd, struct statfs *ret);
int __wrap_fstatfs(int fd, struct statfs *ret);
int __wrap_fstatfs(int fd, struct statfs *ret) {
  int status = __real_fstatfs(fd, ret);
  if (magic)
    ret->f_type = (__typeof__(ret->f_type))magic;
  return status;
}

static const char *in(const char *name) {
  snprintf(path, sizeof path, "%s/%s", place_path(), name);
  return path;
}

static int remove_one(const char *name, const struct stat *st, int type,
                      struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(name);
}

static void done(void) {
  nftw(place_path(), remove_one, 8, FTW_DEPTH | FTW_PHYS);
  place_done();
  check_end();
}

static void check_mode(const char *name, mode_t want) {
  struct stat st = {0};
  check_int(name, "exists", lstat(in(name), &st), 0);
  check_int(name, "mode", st.st_mode, want);
  check_u64(name, "owner", st.st_uid, geteuid());
}

static void ids(void **state) {
  (void)state;
  static const struct {
    const char *id;
    bool want;
  } rows[] = {
      {"a", true},
      {"job-1", true},
      {"1a", true},
      {"-", true},
      {"", false},
      {"1", false},
      {"4711", false},
      {"A", false},
      {"a b", false},
      {"..", false},
      {"a/b", false},
      {"a.b", false},
      {"a_b", false},
      {"\xc3\xa4", false},
      {"123456789012345678901234567890123456789012345678", false},
      {"a23456789012345678901234567890123456789012345678", true},
      {"a234567890123456789012345678901234567890123456789", false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_int(rows[i].id, "is an id", pm_job_is_id(rows[i].id), rows[i].want);
  check_end();
}

/* Whatever the umask is.  Only root can open a folder that has no permissions, to
 * give it some. */
static void made(void **state) {
  (void)state;
  static const mode_t masks[] = {0, 022, 0777};
  size_t count = CHECK_COUNT(masks) - (geteuid() != 0);
  for (size_t i = 0; i < count; i++) {
    place_new();
    mode_t before = umask(masks[i]);
    int status = hold_job_folder_make(place_path(), "a", "spec", 4);
    int log = hold_job_log_make(place_path(), "a", geteuid(), getegid());
    umask(before);
    check_int("folder", "status", status, 0);
    check_int("log", "status", log, 0);
    check_mode("a", S_IFDIR | 0700);
    check_mode("a/spec", S_IFREG | 0600);
    check_mode("a/lock", S_IFREG | 0600);
    check_mode("a/state", S_IFREG | 0600);
    check_mode("a/exit", S_IFREG | 0600);
    check_mode("a/out", S_IFIFO | 0622);
    check_mode("a/err", S_IFIFO | 0622);
    size_t length;
    check_text("spec", "content", place_read("a/spec", &length), "spec");
    place_read("a/state", &length);
    check_u64("state", "bytes", length, 4096);
    char leaf[64];
    snprintf(leaf, sizeof leaf, "%u", geteuid());
    check_mode(leaf, S_IFDIR | 0755);
    snprintf(leaf, sizeof leaf, "%u/a", geteuid());
    check_mode(leaf, S_IFDIR | 0700);
    done();
  }
}

static void refused(void **state) {
  (void)state;
  place_new();
  uint32_t uid = geteuid(), gid = getegid();
  char own[64];
  snprintf(own, sizeof own, "%u", uid);
  check_int("once", "status", hold_job_folder_make(place_path(), "a", "s", 1),
            0);
  check_int("twice", "status", hold_job_folder_make(place_path(), "a", "s", 1),
            -EEXIST);
  check_int("no id", "status", hold_job_folder_make(place_path(), "..", "s", 1),
            -EINVAL);
  check_int("no id", "status", hold_job_log_make(place_path(), "7", uid, gid),
            -EINVAL);
  check_int("none", "status", hold_job_folder_make(in("none"), "b", "s", 1),
            -ENOENT);
  mkdir(in("open"), 0700);
  chmod(in("open"), 0777);
  check_int("open to others", "status",
            hold_job_folder_make(in("open"), "b", "s", 1), -EPERM);
  check_int("open to others", "log",
            hold_job_log_make(in("open"), "b", uid, gid), -EPERM);
  check_int("nothing there", "status", rmdir(in("open")), 0);
  symlink("a", in("link"));
  check_int("a link", "status", hold_job_folder_make(in("link"), "b", "s", 1),
            -EPERM);
  symlink("a", in(own));
  check_int("a link for the user", "log",
            hold_job_log_make(place_path(), "b", uid, gid), -EPERM);
  unlink(in(own));
  if (uid) {
    check_int("another's", "log",
              hold_job_log_make(place_path(), "b", uid + 1, gid), -EPERM);
    snprintf(own, sizeof own, "%u/b", uid + 1);
    check_true("another's", "nothing left", !place_has(own));
  }
  done();
}

/* Nothing of it is left when a step fails. */
static void unmade(void **state) {
  (void)state;
  place_new();
  static const char page[8192];
  const struct rlimit little = {4096, RLIM_INFINITY},
                      all = {RLIM_INFINITY, RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  int status = hold_job_folder_make(place_path(), "a", page, sizeof page);
  setrlimit(RLIMIT_FSIZE, &all);
  check_int("too large", "status", status, -EFBIG);
  check_true("too large", "nothing left", !place_has("a"));
  check_int("again", "status",
            hold_job_folder_make(place_path(), "a", page, sizeof page), 0);
  done();
}

/* Only file systems of this machine hold a log. */
static void local(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t magic;
    bool want;
  } rows[] = {
      {"ext4", 0xef53, true},        {"xfs", 0x58465342, true},
      {"btrfs", 0x9123683e, true},   {"tmpfs", 0x01021994, true},
      {"zfs", 0x2fc12fc1, true},     {"overlay", 0x794c7630, true},
      {"f2fs", 0xf2f52010, true},    {"nfs", 0x6969, false},
      {"smb", 0x517b, false},        {"cifs", 0xff534d42, false},
      {"smb2", 0xfe534d42, false},   {"fuse", 0x65735546, false},
      {"9p", 0x01021997, false},     {"ceph", 0x00c36400, false},
      {"afs", 0x5346414f, false},    {"coda", 0x73757245, false},
      {"lustre", 0x0bd00bd0, false},
  };
  char own[64];
  snprintf(own, sizeof own, "%u/a", geteuid());
  place_new();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    magic = rows[i].magic;
    check_int(rows[i].name, "is local", hold_fs_is_local(magic), rows[i].want);
    check_int(rows[i].name, "status",
              hold_job_log_make(place_path(), "a", geteuid(), getegid()),
              rows[i].want ? 0 : -EREMOTE);
    check_int(rows[i].name, "made", place_has(own), rows[i].want);
    hold_job_log_remove(place_path(), "a", geteuid());
  }
  magic = 0;
  check_int("no file", "status", hold_fs_check_local(-1), -EBADF);
  done();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids),     cmocka_unit_test(made),
      cmocka_unit_test(refused), cmocka_unit_test(unmade),
      cmocka_unit_test(local),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
