/* The file of StateDir, written by the built procman-hold. */
#include "core/helper/state_file.h"

#include "base/hold_save.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/pm-state-XXXXXX", folder[64], file[96],
            helper[PATH_MAX];

static int make_top(void **state) {
  (void)state;
  snprintf(helper, sizeof helper, "%s/procman-hold", check_env("PM_BUILD"));
  if (!mkdtemp(top))
    return -1;
  snprintf(folder, sizeof folder, "%s/state", top);
  snprintf(file, sizeof file, "%s/" PM_HOLD_SAVE_FILE, folder);
  return 0;
}

static int remove_top(void **state) {
  (void)state;
  char lock[96];
  snprintf(lock, sizeof lock, "%s/" PM_HOLD_SAVE_LOCK, folder);
  unlink(file);
  unlink(lock);
  rmdir(folder);
  return rmdir(top);
}

/* 0 or -errno; written when it returns. */
static int write_text(const char *text) {
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  int status = 0;
  pm_state_file_init(&f, helper, folder);
  assert_true(pm_state_file_write(&f, text, strlen(text)));
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
  check_content("open folder", 0, "mine");
  chmod(folder, 0700);
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

/* Two at once: the file is one of theirs, whole. */
static void at_once(void **state) {
  (void)state;
  enum { PAIRS = 50, LONG = 65536 };
  static char text[2][LONG];
  struct pm_err err = PM_ERR_INIT;
  memset(text[0], 'a', LONG);
  memset(text[1], 'b', LONG);
  for (int i = 0; i < PAIRS; i++) {
    struct pm_state_file f[2];
    for (int k = 0; k < 2; k++) {
      pm_state_file_init(&f[k], helper, folder);
      check_true("at once", "write", pm_state_file_write(&f[k], text[k], LONG));
    }
    for (int k = 0; k < 2; k++) {
      while (f[k].sock >= 0)
        pm_state_file_wait(&f[k]);
      check_int("at once", "error", pm_state_file_error(&f[k], &err), 0);
      pm_state_file_done(&f[k]);
    }
    struct pm_buf buf = PM_BUF_INIT(2 * LONG);
    check_int("at once", "read", read_text(&buf), 0);
    check_true("at once", "whole",
               buf.length == LONG && (memcmp(buf.data, text[0], LONG) == 0 ||
                                      memcmp(buf.data, text[1], LONG) == 0));
    pm_buf_done(&buf);
  }
  check_end();
}

/* A second collectd reads, as one that only tests its configuration or whose
 * predecessor still ends; but it does not write until it is the only one. */
static void one_collectd(void **state) {
  (void)state;
  struct pm_state_file first, second;
  struct pm_err err = PM_ERR_INIT;
  struct pm_buf buf = PM_BUF_INIT(1 << 20);
  check_int("before", "write", write_text("of the first"), 0);
  pm_state_file_init(&first, helper, folder);
  pm_state_file_init(&second, helper, folder);
  check_int("first", "read", pm_state_file_read(&first, &buf, &err), 0);
  check_int("second", "read", pm_state_file_read(&second, &buf, &err), 0);
  check_true("second", "is done with", pm_state_file_write(&second, "x", 1));
  check_int("second", "error", pm_state_file_error(&second, &err), -EBUSY);
  check_true("second", "says why", strstr(err.text, "another collectd"));
  check_content("second", 0, "of the first");
  pm_state_file_done(&first);
  check_true("alone", "is done with", pm_state_file_write(&second, "x", 1));
  while (second.sock >= 0)
    pm_state_file_wait(&second);
  check_int("alone", "error", pm_state_file_error(&second, &err), 0);
  pm_state_file_done(&second);
  check_content("alone", 0, "x");
  pm_buf_done(&buf);
  check_end();
}

static void no_helper(void **state) {
  (void)state;
  struct pm_state_file f;
  struct pm_err err = PM_ERR_INIT;
  pm_state_file_init(&f, "/no/such/helper", folder);
  check_true("no helper", "is done with", pm_state_file_write(&f, "x", 1));
  check_int("no helper", "error", pm_state_file_error(&f, &err), -ENOENT);
  check_true("no helper", "says what",
             strstr(err.text, folder) && strstr(err.text, "StateDir"));
  check_int("no helper", "said once", pm_state_file_error(&f, &err), 0);
  pm_state_file_done(&f);
  pm_state_file_init(&f, helper, NULL);
  check_true("no folder", "is done with", pm_state_file_write(&f, "x", 1));
  check_int("no folder", "error", pm_state_file_error(&f, &err), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_replaced),  cmocka_unit_test(others_may_write),
      cmocka_unit_test(links),        cmocka_unit_test(at_once),
      cmocka_unit_test(one_collectd), cmocka_unit_test(no_helper)};
  return cmocka_run_group_tests(tests, make_top, remove_top);
}
