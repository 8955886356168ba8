/* The store's descriptors: what is put there stays open, and nothing else. */
#include "hold/fd_table.h"

#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int open_one(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static size_t count(const struct hold_fd_table *t, const char *job) {
  const struct hold_fd *own[HOLD_FDS_OF_JOB];
  return hold_fd_table_list(t, job, own);
}

static void kept(void **state) {
  (void)state;
  struct hold_fd_table t = {0};
  const struct hold_fd *own[HOLD_FDS_OF_JOB];
  int a = open_one(), b = open_one(), c = open_one();
  check_int("a", "put", hold_fd_table_put(&t, "a", "out", a), 0);
  check_int("b", "put", hold_fd_table_put(&t, "b", "out", b), 0);
  check_int("b", "put", hold_fd_table_put(&t, "b", "err", c), 0);
  check_u64("a", "count", hold_fd_table_list(&t, "a", own), 1);
  check_int("a", "fd", own[0]->fd, a);
  check_text("a", "name", own[0]->name, "out");
  check_u64("b", "count", count(&t, "b"), 2);
  check_u64("c", "count", count(&t, "c"), 0);
  int d = open_one();
  check_int("again", "put", hold_fd_table_put(&t, "a", "out", d), 0);
  check_true("again", "the one before is closed", !is_open(a));
  check_u64("again", "count", hold_fd_table_list(&t, "a", own), 1);
  check_int("again", "fd", own[0]->fd, d);
  hold_fd_table_drop(&t, "b", "none");
  check_u64("another name", "count", count(&t, "b"), 2);
  hold_fd_table_drop(&t, "b", "out");
  check_true("dropped", "closed", !is_open(b));
  check_true("dropped", "the other is open", is_open(c));
  hold_fd_table_drop(&t, "b", NULL);
  check_true("all of b", "closed", !is_open(c));
  check_true("all of b", "a is open", is_open(d));
  hold_fd_table_done(&t);
  check_true("done", "closed", !is_open(d));
  check_u64("done", "count", t.count, 0);
  check_end();
}

static void limits(void **state) {
  (void)state;
  struct hold_fd_table t = {0};
  char name[16];
  for (int i = 0; i < HOLD_FDS_OF_JOB; i++) {
    snprintf(name, sizeof name, "n%d", i);
    check_int(name, "put", hold_fd_table_put(&t, "a", name, open_one()), 0);
  }
  int more = open_one();
  check_int("one more", "put", hold_fd_table_put(&t, "a", "more", more),
            -ENFILE);
  check_true("one more", "closed", !is_open(more));
  check_int("in place", "put", hold_fd_table_put(&t, "a", "n3", open_one()), 0);
  check_int("another's", "put", hold_fd_table_put(&t, "b", "out", open_one()),
            0);
  check_u64("a", "count", count(&t, "a"), HOLD_FDS_OF_JOB);
  /* descriptors that are not open need no room for this */
  char job[16];
  for (int i = 0; t.count < HOLD_FDS_MOST; i++) {
    snprintf(job, sizeof job, "job-%d", i);
    hold_fd_table_put(&t, job, "out", -1);
  }
  check_int("full", "put", hold_fd_table_put(&t, "c", "out", -1), -ENFILE);
  hold_fd_table_drop(&t, "a", "n0");
  check_int("room", "put", hold_fd_table_put(&t, "c", "out", -1), 0);
  hold_fd_table_done(&t);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kept),
      cmocka_unit_test(limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
