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
  const struct pm_job_fields f = {.uid = 1};
  int dir = place_new();
  check_int("none", "status", keep_group_open(&g, dir, &f), -ENOENT);
  check_int("none", "procs", g.procs, -1);
  check_int("none", "signal", keep_group_signal(&g, 0, 15), 0);
  symlinkat(place_path(), dir, "group");
  check_int("no group", "status", keep_group_open(&g, dir, &f), -ENOENT);
  place_file("cgroup.procs", "", 0, 1);
  place_file("cgroup.kill", "", 0, 1);
  check_int("one", "status", keep_group_open(&g, dir, &f), 0);
  check_true("one", "has a number", g.id != 0);
  check_true("one", "can be killed", g.kill >= 0);
  check_u64("one", "without memory", keep_group_oom_kills(&g), 0);
  check_int("one", "added", keep_group_add(&g, 4711), 0);
  check_text("one", "member", place_read("cgroup.procs", NULL), "4711");
  keep_group_close(&g);
  char own[16];
  snprintf(own, sizeof own, "%d\n", getpid());
  place_file("cgroup.procs", own, strlen(own), 1);
  check_int("with the holder", "status", keep_group_open(&g, dir, &f), 0);
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

static void limited(void **state) {
  (void)state;
  static const struct {
    const char *name, *memory, *cpu, *pids; /* NULL: no such file */
    struct pm_job_fields fields;
    bool want;
  } rows[] = {
      {"nothing asked for", NULL, NULL, NULL, {.uid = 1}, true},
      {"memory", "4096\n", NULL, NULL, {.memory_max_bytes = 4096}, true},
      {"whole pages", "4096\n", NULL, NULL, {.memory_max_bytes = 5000}, true},
      {"too much", "8192\n", NULL, NULL, {.memory_max_bytes = 5000}, false},
      {"no file", NULL, "1 1\n", "1\n", {.memory_max_bytes = 4096}, false},
      {"none", "max\n", "1 1\n", "1\n", {.memory_max_bytes = 4096}, false},
      {"all of it",
       "max\n",
       NULL,
       NULL,
       {.memory_max_bytes = UINT64_MAX},
       true},
      {"cpu", "max\n", "5000 100000\n", NULL, {.cpu_max_percent = 5}, true},
      {"another period",
       "max\n",
       "500 10000\n",
       NULL,
       {.cpu_max_percent = 5},
       true},
      {"more cpu",
       "1\n",
       "5001 100000\n",
       "1\n",
       {.cpu_max_percent = 5},
       false},
      {"no cpu", "1\n", "max 100000\n", "1\n", {.cpu_max_percent = 5}, false},
      {"much cpu",
       "1\n",
       "10000000000 100000\n",
       "1\n",
       {.cpu_max_percent = PM_JOB_CPU_MOST},
       true},
      {"pids", "max\n", "max 1\n", "5\n", {.pids_max = 5}, true},
      {"and one for the holder",
       "max\n",
       "max 1\n",
       "6\n",
       {.pids_max = 5},
       true},
      {"more pids", "max\n", "max 1\n", "7\n", {.pids_max = 5}, false},
      {"no pids", "1\n", "1 1\n", "max\n", {.pids_max = 5}, false},
      {"one of two",
       "1\n",
       "1 1\n",
       "max\n",
       {.pids_max = 5, .memory_max_bytes = 1},
       false},
      {"empty", "", "1 1\n", "1\n", {.memory_max_bytes = 1}, false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct keep_group g;
    int dir = place_new();
    const char *const names[] = {"memory.max", "cpu.max", "pids.max"};
    const char *const texts[] = {rows[i].memory, rows[i].cpu, rows[i].pids};
    for (size_t n = 0; n < CHECK_COUNT(names); n++)
      if (texts[n])
        place_file(names[n], texts[n], strlen(texts[n]), 1);
    place_file("cgroup.procs", "", 0, 1);
    symlinkat(place_path(), dir, "group");
    check_int(rows[i].name, "status", keep_group_open(&g, dir, &rows[i].fields),
              0);
    check_int(rows[i].name, "limited", g.limited, rows[i].want);
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
      cmocka_unit_test(limited),
      cmocka_unit_test(killed_for_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
