/* What a holder reads of its job's control group, from files that look so. */
#include "hold/keep/group.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void members(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t count;
    int32_t last;
  } rows[] = {
      {"", 0, 0},
      {"1\n", 1, 1},
      {"17\n4194304\n", 2, 4194304},
      {"0\n5\n0\n", 1, 5},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_pids got = {0};
    int dir = place_new();
    place_file("cgroup.procs", rows[i].text, strlen(rows[i].text), 1);
    int fd = openat(dir, "cgroup.procs", O_RDONLY);
    for (int again = 0; again < 2; again++) {
      got.count = 0;
      check_int(rows[i].text, "status", hold_members_list(fd, &got), 0);
      check_u64(rows[i].text, "count", got.count, rows[i].count);
      if (got.count)
        check_int(rows[i].text, "last", got.at[got.count - 1], rows[i].last);
    }
    free(got.at);
    close(fd);
    place_done();
  }
  check_end();
}

/* More than one read, and numbers that lie across two. */
static void many(void **state) {
  (void)state;
  struct hold_pids got = {0};
  int dir = place_new();
  place_file("cgroup.procs", "12345\n", 6L * 5000, 1);
  int fd = openat(dir, "cgroup.procs", O_RDONLY);
  check_int("many", "status", hold_members_list(fd, &got), 0);
  check_u64("many", "count", got.count, 5000);
  size_t wrong = 0;
  for (size_t i = 0; i < got.count; i++)
    wrong += got.at[i] != 12345;
  check_u64("many", "wrong", wrong, 0);
  check_true("many", "contain", hold_pids_contain(&got, 12345));
  check_true("many", "do not", !hold_pids_contain(&got, 1234));
  free(got.at);
  close(fd);
  place_done();
  check_end();
}

static void opened(void **state) {
  (void)state;
  struct keep_group g;
  int dir = place_new();
  check_int("none", "status", keep_group_open(&g, dir), -ENOENT);
  check_int("none", "procs", g.procs, -1);
  check_int("none", "signal", keep_group_signal(&g, 0, 15), 0);
  symlinkat(place_path(), dir, "group");
  check_int("no group", "status", keep_group_open(&g, dir), -ENOENT);
  place_file("cgroup.procs", "", 0, 1);
  place_file("cgroup.kill", "", 0, 1);
  check_int("one", "status", keep_group_open(&g, dir), 0);
  check_true("one", "has a number", g.id != 0);
  check_true("one", "can be killed", g.kill >= 0);
  check_u64("one", "without memory", keep_group_oom_kills(&g), 0);
  check_int("one", "added", keep_group_add(&g, 4711), 0);
  check_text("one", "member", place_read("cgroup.procs", NULL), "4711");
  keep_group_close(&g);
  char own[16];
  snprintf(own, sizeof own, "%d\n", getpid());
  place_file("cgroup.procs", own, strlen(own), 1);
  check_int("with the holder", "status", keep_group_open(&g, dir), 0);
  check_int("with the holder", "is not killed", g.kill, -1);
  check_int("with the holder", "others", keep_group_signal(&g, 0, 9), 0);
  keep_group_close(&g);
  place_done();
  check_end();
}

static void killed_for_memory(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t want;
  } rows[] = {
      {"low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2},
      {"oom_kill 18446744073709551615\n", UINT64_MAX},
      {"low 0\nhigh 0\nmax 0\noom 5\n", 0},
      {"low 1\noom_group_kill 5\n", 0},
      {"", 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct keep_group g = KEEP_GROUP_INIT;
    int dir = place_new();
    place_file("memory.events", rows[i].text, strlen(rows[i].text), 1);
    g.memory = openat(dir, "memory.events", O_RDONLY);
    check_u64(rows[i].text, "count", keep_group_oom_kills(&g), rows[i].want);
    keep_group_close(&g);
    place_done();
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members),
      cmocka_unit_test(many),
      cmocka_unit_test(opened),
      cmocka_unit_test(killed_for_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
