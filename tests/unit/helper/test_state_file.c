/* The file of StateDir, written by the built procman-hold. */
#include "core/helper/state_file.h"

#include "base/hold_save.h"
#include "base/now.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/pm-state-XXXXXX", folder[64], file[96], lock[96],
            helper[PATH_MAX];

/* It keeps the socket open. */
#define HANGS "#!/bin/sh\nexec sleep 30\n"

static int make_top(void **state) {
  (void)state;
  snprintf(helper, sizeof helper, "%s/procman-hold", check_env("PM_BUILD"));
  if (!mkdtemp(top))
    return -1;
  snprintf(folder, sizeof folder, "%s/state", top);
  snprintf(file, sizeof file, "%s/" PM_HOLD_SAVE_FILE, folder);
  snprintf(lock, sizeof lock, "%s/" PM_HOLD_SAVE_LOCK, folder);
  return 0;
}

static void remove_folder(void) {
  unlink(file);
  unlink(lock);
  rmdir(folder);
}

static int remove_top(void **state) {
  (void)state;
  remove_folder();
  return rmdir(top);
}

/* 0 or -errno; written when it returns. */
static int write_text(const char *text) {
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  int status = 0;
  pm_state_file_init(&f, helper, folder);
  pm_state_file_write(&f, 0, text, strlen(text));
  for (int i = 0; f.sock >= 0 && i < 10000; i++) {
    status = pm_state_file_error(&f, &err);
    usleep(1000);
  }
  if (status == 0)
    status = pm_state_file_error(&f, &err);
  assert_int_equal(f.sock, -1);
  pm_state_file_done(&f);
  return status;
}

static int read_text(struct pm_buf *ret) {
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  pm_state_file_init(&f, helper, folder);
  int status = pm_state_file_read(&f, ret, &err);
  pm_state_file_done(&f);
  return status;
}

static void check_content(const char *row, int status, const char *want) {
  struct pm_buf buf = PM_BUF_INIT(4096);
  check_int(row, "status", read_text(&buf), status);
  check_u64(row, "length", buf.length, strlen(want));
  if (buf.length == strlen(want))
    check_bytes(row, "content", buf.data ? buf.data : "", want, buf.length);
  pm_buf_done(&buf);
}

static void is_replaced(void **state) {
  (void)state;
  struct stat st;
  check_content("before", 0, "");
  check_int("first", "write", write_text("one and more"), 0);
  check_content("first", 0, "one and more");
  check_int("second", "write", write_text("two"), 0);
  check_content("second", 0, "two");
  check_int("folder", "stat", stat(folder, &st), 0);
  check_u64("folder", "mode", st.st_mode & 07777, 0700);
  check_int("file", "stat", stat(file, &st), 0);
  check_u64("file", "mode", st.st_mode & 07777, 0600);
  check_end();
}

static void others_may_write(void **state) {
  (void)state;
  check_int("mine", "write", write_text("mine"), 0);
  chmod(folder, 0777);
  check_int("open folder", "write", write_text("theirs"), -EPERM);
  check_content("open folder", -EPERM, "");
  chmod(folder, 0700);
  check_content("closed again", 0, "mine");
  chmod(file, 0622);
  check_content("open file", -EPERM, "");
  chmod(file, 0600);
  check_end();
}

/* A link that leads elsewhere is neither read nor written through. */
static void links(void **state) {
  (void)state;
  char other[96], new[128];
  snprintf(other, sizeof other, "%s/other", top);
  snprintf(new, sizeof new, "%s.new", file);
  int fd = open(other, O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0);
  close(fd);
  unlink(file);
  assert_int_equal(symlink(other, file), 0);
  check_content("a link", -ELOOP, "");
  unlink(file);
  assert_int_equal(symlink(other, new), 0);
  check_int("a link", "write", write_text("x"), -ELOOP);
  struct stat st;
  check_int("other", "stat", stat(other, &st), 0);
  check_u64("other", "size", (uint64_t)st.st_size, 0);
  unlink(new);
  unlink(other);
  check_end();
}

/* The folder itself is a link: nothing is made behind it. */
static void linked_folder(void **state) {
  (void)state;
  char real[96], made[128];
  struct stat st;
  check_int("before", "write", write_text("x"), 0);
  snprintf(real, sizeof real, "%s/real", top);
  snprintf(made, sizeof made, "%s/" PM_HOLD_SAVE_LOCK, real);
  assert_int_equal(rename(folder, real), 0);
  unlink(made);
  assert_int_equal(symlink(real, folder), 0);
  check_content("a link", 0, "");
  check_int("a link", "write", write_text("y"), -ENOTDIR);
  check_int("lock", "stat", stat(made, &st), -1);
  unlink(folder);
  assert_int_equal(rename(real, folder), 0);
  check_content("after", 0, "x");
  check_end();
}

static void finish(struct pm_state_file *f) {
  while (pm_state_file_busy(f, 0))
    pm_state_file_wait(f);
}

/* Two at once: the file is that of the first, whole; or of both, if the first
 * had ended. */
static void at_once(void **state) {
  (void)state;
  enum { PAIRS = 20, LONG = 65536 };
  static char text[2][LONG];
  struct pm_err err = PM_ERR_INIT;
  memset(text[0], 'a', LONG);
  memset(text[1], 'b', LONG);
  for (int i = 0; i < PAIRS; i++) {
    struct pm_state_file f[2];
    int status[2];
    for (int k = 0; k < 2; k++) {
      pm_state_file_init(&f[k], helper, folder);
      pm_state_file_write(&f[k], 0, text[k], LONG);
    }
    for (int k = 0; k < 2; k++) {
      finish(&f[k]);
      status[k] = pm_state_file_error(&f[k], &err);
      check_true("at once", "written or not",
                 status[k] == 0 || status[k] == -EBUSY);
    }
    check_true("at once", "one is written", status[0] == 0 || status[1] == 0);
    pm_state_file_done(&f[0]);
    pm_state_file_done(&f[1]);
    struct pm_buf buf = PM_BUF_INIT(2 * LONG);
    check_int("at once", "read", read_text(&buf), 0);
    check_true("at once", "whole",
               buf.length == LONG && (memcmp(buf.data, text[0], LONG) == 0 ||
                                      memcmp(buf.data, text[1], LONG) == 0));
    pm_buf_done(&buf);
  }
  check_end();
}

static int write_by(struct pm_state_file *f, const char *text) {
  struct pm_err err = PM_ERR_INIT;
  pm_state_file_write(f, 0, text, strlen(text));
  finish(f);
  int status = pm_state_file_error(f, &err);
  if (status == -EBUSY)
    check_true("busy", "says why", strstr(err.text, "another collectd"));
  return status;
}

/* A second collectd reads, as one that only tests its configuration or whose
 * predecessor still ends; but it does not write until it is the only one.  Also
 * on a first start, where there is no folder yet. */
static void one_collectd(void **state) {
  (void)state;
  struct pm_state_file first, second;
  struct pm_err err = PM_ERR_INIT;
  struct pm_buf buf = PM_BUF_INIT(1 << 20);
  struct stat st;
  remove_folder();
  pm_state_file_init(&first, helper, folder);
  pm_state_file_init(&second, helper, folder);
  check_int("first", "read", pm_state_file_read(&first, &buf, &err), 0);
  check_int("second", "read", pm_state_file_read(&second, &buf, &err), 0);
  check_int("reading", "makes nothing", stat(folder, &st), -1);
  check_int("first", "write", write_by(&first, "of the first"), 0);
  check_int("second", "write", write_by(&second, "x"), -EBUSY);
  check_content("second", 0, "of the first");
  check_int("first", "again", write_by(&first, "again"), 0);
  check_int("second", "again", write_by(&second, "x"), -EBUSY);
  check_content("second", 0, "again");
  pm_state_file_done(&first);
  check_int("alone", "write", write_by(&second, "x"), 0);
  check_content("alone", 0, "x");
  unlink(lock); /* somebody cleans up: a new one is taken */
  check_int("no lock", "write", write_by(&second, "y"), 0);
  pm_state_file_init(&first, helper, folder);
  check_int("no lock", "first", write_by(&first, "z"), -EBUSY);
  pm_state_file_done(&first);
  pm_state_file_done(&second);
  pm_buf_done(&buf);
  check_end();
}

/* Whoever can list the folder may lock it; and nobody else can open the lock.
 */
static void locked_by_others(void **state) {
  (void)state;
  struct stat st;
  check_int("before", "write", write_text("x"), 0);
  chmod(folder, 0755);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
  check_int("locked", "write", write_text("y"), 0);
  check_content("locked", 0, "y");
  check_int("lock", "stat", stat(lock, &st), 0);
  check_u64("lock", "mode", st.st_mode & 07777, 0600);
  close(fd);
  chmod(folder, 0700);
  check_end();
}

/* One that does not come to its end: told once, a minute later. */
static void hangs(void **state) {
  (void)state;
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  enum { SLOW = PM_STATE_FILE_SLOW_S };
  pm_state_file_init(&f, "/bin/sleep", "1000"); /* sleep save 1000: ends */
  pm_state_file_write(&f, PM_NS_PER_S, "x", 1);
  finish(&f);
  check_int("another program", "error", pm_state_file_error(&f, &err), -EPIPE);
  check_true("another program", "is told", strstr(err.text, "version"));
  char script[128];
  snprintf(script, sizeof script, "%s/hangs", top);
  int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  assert_true(write(fd, HANGS, sizeof HANGS - 1) == sizeof HANGS - 1);
  close(fd);
  f.helper = script;
  pm_state_file_write(&f, PM_NS_PER_S, "x", 1);
  check_true("soon", "busy", pm_state_file_busy(&f, SLOW * PM_NS_PER_S));
  check_int("soon", "error", pm_state_file_error(&f, &err), 0);
  check_true("late", "busy", pm_state_file_busy(&f, (SLOW + 1) * PM_NS_PER_S));
  check_int("late", "error", pm_state_file_error(&f, &err), -ETIMEDOUT);
  check_true("later", "busy", pm_state_file_busy(&f, (SLOW + 9) * PM_NS_PER_S));
  check_int("later", "said once", pm_state_file_error(&f, &err), 0);
  pm_state_file_done(&f);
  unlink(script);
  check_end();
}

static void no_helper(void **state) {
  (void)state;
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  pm_state_file_init(&f, "/no/such/helper", folder);
  pm_state_file_write(&f, 0, "x", 1);
  check_int("no helper", "error", pm_state_file_error(&f, &err), -ENOENT);
  check_true("no helper", "says what",
             strstr(err.text, "/no/such/helper") && strstr(err.text, folder));
  check_int("no helper", "said once", pm_state_file_error(&f, &err), 0);
  pm_state_file_done(&f);
  pm_state_file_init(&f, helper, NULL);
  pm_state_file_write(&f, 0, "x", 1);
  check_int("no folder", "error", pm_state_file_error(&f, &err), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_replaced),
                                     cmocka_unit_test(others_may_write),
                                     cmocka_unit_test(links),
                                     cmocka_unit_test(linked_folder),
                                     cmocka_unit_test(at_once),
                                     cmocka_unit_test(one_collectd),
                                     cmocka_unit_test(locked_by_others),
                                     cmocka_unit_test(hangs),
                                     cmocka_unit_test(no_helper)};
  return cmocka_run_group_tests(tests, make_top, remove_top);
}
