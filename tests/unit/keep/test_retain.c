/* The folder of a log as it is found, and which of it goes. */
#include "hold/keep/retain.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

static void found(void **state) {
  (void)state;
  struct keep_found f[PM_JOB_STREAMS];
  int dir = place_new();
  static const char *const others[] = {
      "out.",
      "out.1",
      "out.0000x1",
      "out.000000",
      "out.000001",
      "err.000001.idx",
      "ou.000001",
      "notes",
      "out.9999999999999999999",
      "out.000007.index.old",
  };
  check_int("empty", "status", keep_segment_scan(dir, f), 0);
  check_u64("empty", "segments", f[0].count + f[1].count, 0);
  for (size_t i = 0; i < CHECK_COUNT(others); i++)
    place_file(others[i], "x", 3, 1);
  place_file("out.000999", "x", 10, 5);
  place_file("out.1000000", "x", 20, 4);
  place_file("out.000999.index", "x", 40, 9);
  place_file("err.000012.index", "x", 1, 9);
  check_int("some", "status", keep_segment_scan(dir, f), 0);
  check_u64("some", "count", f[0].count, 3);
  check_u64("some", "lowest", f[0].lowest, 1);
  check_u64("some", "highest", f[0].highest, 1000000);
  check_u64("some", "bytes", f[0].bytes, 73);
  check_u64("some", "lowest index", f[0].lowest_index, 999);
  check_u64("some", "oldest", f[0].oldest_ns, 1 * S);
  check_u64("stderr", "count", f[1].count, 0);
  check_u64("stderr", "lowest index", f[1].lowest_index, 12);
  place_done();
  check_end();
}

/* No link is followed, and what is no file is none. */
static void opened(void **state) {
  (void)state;
  int dir = place_new();
  place_file("target", "secret", 6, 1);
  symlinkat("target", dir, "out.000001");
  mkfifoat(dir, "out.000002", 0600);
  int fd = keep_segment_open(dir, 0, 1, KEEP_SEGMENT_DATA, false);
  check_int("a link", "status", fd, -ELOOP);
  fd = keep_segment_open(dir, 0, 1, KEEP_SEGMENT_DATA, true);
  check_int("a link where a file is to be", "status", fd, -EEXIST);
  fd = keep_segment_open(dir, 0, 2, KEEP_SEGMENT_DATA, false);
  check_int("a FIFO", "status", fd, -EINVAL);
  fd = keep_segment_open(dir, 0, 3, KEEP_SEGMENT_DATA, false);
  check_int("none", "status", fd, -ENOENT);
  fd = keep_segment_open(dir, 1, 1234567, KEEP_SEGMENT_DATA, true);
  check_true("a new one", "opened", fd >= 0 && place_has("err.1234567"));
  close(fd);
  symlinkat("target", dir, "err.000005.index");
  fd = keep_segment_open(dir, 1, 5, KEEP_SEGMENT_INDEX, true);
  check_int("an index that is a link", "status", fd, -ELOOP);
  check_int("gone", "status", keep_segment_unlink(dir, 0, 1, KEEP_SEGMENT_DATA),
            0);
  check_int("gone already", "status",
            keep_segment_unlink(dir, 0, 1, KEEP_SEGMENT_DATA), 0);
  check_true("its target", "is there", place_has("target"));
  place_done();
  check_end();
}

static void chosen(void **state) {
  (void)state;
  /* bytes, lowest, highest, count, lowest index, age in seconds */
  static const struct {
    const char *name;
    struct keep_found f[PM_JOB_STREAMS];
    bool force;
    enum pm_job_step step;
    unsigned stream;
    uint64_t number;
  } rows[] = {
      {"nothing", {{0}}, false, 0, 0, 0},
      {"nothing, by force", {{0}}, true, 0, 0, 0},
      {"little", {{1, 2, 2, 50, 1, 90 * S}, {0}}, false, 0, 0, 0},
      {"too many bytes",
       {{1, 2, 2, 150, 1, 90 * S}, {0}},
       false,
       PM_JOB_UNLINK_SEGMENT,
       0,
       1},
      {"too many segments",
       {{3, 7, 5, 50, 3, 90 * S}, {0}},
       false,
       PM_JOB_UNLINK_SEGMENT,
       0,
       3},
      {"in both together",
       {{3, 5, 3, 60, 3, 90 * S}, {8, 9, 2, 60, 8, 80 * S}},
       false,
       PM_JOB_UNLINK_SEGMENT,
       1,
       8},
      {"the current ones stay, however large",
       {{3, 3, 1, 600, 3, 1 * S}, {8, 8, 1, 600, 8, 1 * S}},
       true,
       0,
       0,
       0},
      {"by force",
       {{1, 2, 2, 2, 1, 90 * S}, {0}},
       true,
       PM_JOB_UNLINK_SEGMENT,
       0,
       1},
      {"too old",
       {{1, 2, 2, 2, 1, 40 * S}, {0}},
       false,
       PM_JOB_UNLINK_SEGMENT,
       0,
       1},
      {"an index alone",
       {{0}, {4, 5, 2, 2, 3, 90 * S}},
       false,
       PM_JOB_UNLINK_INDEX,
       1,
       3},
  };
  const struct keep_limits limits = {100, 4, 50 * S};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_job_state_record s = {0};
    bool any =
        keep_retain_choose(rows[i].f, &limits, 100 * S, rows[i].force, &s);
    check_int(rows[i].name, "any", any, rows[i].step != PM_JOB_NO_STEP);
    check_int(rows[i].name, "step", s.step, rows[i].step);
    check_int(rows[i].name, "stream", s.step_stream, rows[i].stream);
    check_u64(rows[i].name, "segment", s.step_segment, rows[i].number);
  }
  check_u64("next", "time", keep_retain_next(rows[2].f, &limits), 140 * S);
  check_u64("no closed one", "time", keep_retain_next(rows[0].f, &limits),
            UINT64_MAX);
  const struct keep_limits ageless = {100, 4, 0};
  check_u64("no age", "time", keep_retain_next(rows[2].f, &ageless),
            UINT64_MAX);
  check_end();
}

/* Segment, then index; a step that fails stays. */
static void steps(void **state) {
  (void)state;
  int dir = place_new();
  struct pm_job_state_record s = {
      .step = PM_JOB_UNLINK_SEGMENT, .step_stream = 1, .step_segment = 1};
  place_file("err.000001", "x", 1, 1);
  place_file("err.000001.index", "x", 1, 1);
  check_int("segment", "status", keep_retain_step(dir, &s), 0);
  check_int("segment", "next", s.step, PM_JOB_UNLINK_INDEX);
  check_true("segment", "gone",
             !place_has("err.000001") && place_has("err.000001.index"));
  check_int("index", "status", keep_retain_step(dir, &s), 0);
  check_int("index", "next", s.step, PM_JOB_NO_STEP);
  check_true("index", "gone", !place_has("err.000001.index"));
  check_int("none", "status", keep_retain_step(dir, &s), 0);
  s.step = PM_JOB_UNLINK_SEGMENT;
  mkdirat(dir, "err.000001", 0700);
  check_true("a folder", "status", keep_retain_step(dir, &s) < 0);
  check_int("a folder", "step", s.step, PM_JOB_UNLINK_SEGMENT);
  unlinkat(dir, "err.000001", AT_REMOVEDIR);
  place_done();
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(found),
      cmocka_unit_test(opened),
      cmocka_unit_test(chosen),
      cmocka_unit_test(steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
