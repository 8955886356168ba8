/* What wait4(2) adds of children that were charged themselves. */
#include "core/account/reaped.h"

#include "unit/support/check.h"

#include <stdlib.h>

enum { PARENT = 100, BIRTH = 7 };

static const uint64_t io_of_child[PM_F_COUNTERS] = {
    [PM_F_io_read] = 1,
    [PM_F_io_write] = 2,
    [PM_F_disk_read] = 30,
    [PM_F_disk_write] = 40,
};

/* A parent with a base, whose children's faults grew by so many. */
static struct pm_entry parent_with(uint32_t reaped) {
  return (struct pm_entry){.pid = PARENT,
                           .birth = BIRTH,
                           .known = PM_HAVE_IO,
                           .last = {[PM_F_disk_write] = 1000},
                           .reaped_now = reaped};
}

static void corrects(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int32_t pid;
    uint64_t birth;
    unsigned children; /* of 5 faults each */
    uint32_t known;    /* of the last child's counters */
    uint32_t reaped;
    uint64_t want_base, want_left;
    uint32_t want_known;
  } rows[] = {
      {"one child", PARENT, BIRTH, 1, PM_HAVE_IO, 5, 1040, 0, PM_HAVE_IO},
      {"two", PARENT, BIRTH, 2, PM_HAVE_IO, 10, 1080, 0, PM_HAVE_IO},
      {"and more than they left", PARENT, BIRTH, 1, PM_HAVE_IO, 9, 1040, 4,
       PM_HAVE_IO},
      {"not given yet", PARENT, BIRTH, 1, PM_HAVE_IO, 4, 1000, 4, PM_HAVE_IO},
      {"another has its pid", PARENT, BIRTH + 1, 1, PM_HAVE_IO, 5, 1000, 5,
       PM_HAVE_IO},
      {"another parent", PARENT + 1, BIRTH, 1, PM_HAVE_IO, 5, 1000, 5,
       PM_HAVE_IO},
      {"of unknown size: a new base", PARENT, BIRTH, 1,
       PM_HAVE_IO & ~PM_BIT(PM_F_disk_write), 5, 1000, 0,
       PM_HAVE_IO & ~PM_BIT(PM_F_disk_write)},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_reaped r = {0};
    struct pm_entry parent = parent_with(rows[i].reaped);
    for (unsigned k = 0; k < rows[i].children; k++)
      pm_reaped_add(&r, 1, rows[i].pid, rows[i].birth, 5, io_of_child,
                    rows[i].known);
    pm_reaped_correct(&r, &parent, true);
    check_u64(rows[i].name, "base", parent.last[PM_F_disk_write],
              rows[i].want_base);
    check_u64(rows[i].name, "faults left", parent.reaped_now,
              rows[i].want_left);
    check_u64(rows[i].name, "known", parent.known, rows[i].want_known);
    pm_reaped_done(&r);
  }
  check_end();
}

static void grows(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t now;
    uint64_t before, after;
    uint32_t want;
  } rows[] = {
      {"none", 3, 100, 100, 3},
      {"some", 3, 100, 150, 53},
      {"far from 0", 0, UINT64_C(1) << 40, (UINT64_C(1) << 40) + 7, 7},
      {"the most", 1, 0, UINT32_MAX - 1, UINT32_MAX},
      {"more", 1, 0, UINT32_MAX, UINT32_MAX},
      {"much more", 5, 0, UINT64_C(1) << 50, UINT32_MAX},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_entry e = {.reaped_now = rows[i].now,
                         .reaped_faults = rows[i].before};
    pm_reaped_grow(&e, rows[i].after);
    check_u64(rows[i].name, "now", e.reaped_now, rows[i].want);
    check_u64(rows[i].name, "in all", e.reaped_faults, rows[i].after);
  }
  check_end();
}

/* What a growth has paid for one child it cannot pay for another. */
static void each_its_own(void **state) {
  (void)state;
  struct pm_reaped r = {0};
  struct pm_entry parent = parent_with(5);
  pm_reaped_add(&r, 1, PARENT, BIRTH, 5, io_of_child, PM_HAVE_IO);
  pm_reaped_correct(&r, &parent, false);
  check_u64("the first", "base", parent.last[PM_F_disk_write], 1040);
  check_u64("the first", "faults left", parent.reaped_now, 0);
  pm_reaped_add(&r, 1, PARENT, BIRTH, 5, io_of_child, PM_HAVE_IO);
  pm_reaped_correct(&r, &parent, false);
  check_u64("the second", "base", parent.last[PM_F_disk_write], 1040);
  parent.reaped_now += 5;
  pm_reaped_correct(&r, &parent, true);
  check_u64("the second, with its own", "base", parent.last[PM_F_disk_write],
            1080);
  pm_reaped_done(&r);
  check_end();
}

/* One growth pays for what children left once; what a scan has seen and was not
 * given never will be; a drain in between may still come too early. */
static void once(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool seen_first;
    uint64_t want;
  } rows[] = {{"a drain, then the scan", false, 1040},
              {"a scan, then the next", true, 1000}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_reaped r = {0};
    struct pm_entry parent = parent_with(0);
    pm_reaped_add(&r, 1, PARENT, BIRTH, 5, io_of_child, PM_HAVE_IO);
    pm_reaped_correct(&r, &parent, rows[i].seen_first);
    parent.reaped_now = 5;
    pm_reaped_correct(&r, &parent, true);
    check_u64(rows[i].name, "base", parent.last[PM_F_disk_write], rows[i].want);
    parent.reaped_now = 5;
    pm_reaped_correct(&r, &parent, true);
    check_u64(rows[i].name, "the same growth again",
              parent.last[PM_F_disk_write], rows[i].want);
    pm_reaped_done(&r);
  }
  check_end();
}

static void expires(void **state) {
  (void)state;
  enum { PARENTS = 1000 };
  struct pm_reaped r = {0};
  for (int32_t pid = 1; pid <= PARENTS; pid++)
    pm_reaped_add(&r, pid % 2 ? 1 : 2, pid, BIRTH, 5, io_of_child, PM_HAVE_IO);
  pm_reaped_expire(&r, 2);
  check_u64("those of turn 2", "count", r.count, PARENTS / 2);
  for (int32_t pid = 1; pid <= PARENTS; pid++) {
    struct pm_entry parent = parent_with(5);
    parent.pid = pid;
    pm_reaped_correct(&r, &parent, true);
    uint64_t want = pid % 2 ? 1000 : 1040;
    if (parent.last[PM_F_disk_write] != want)
      check_u64("those of turn 2", "base", parent.last[PM_F_disk_write], want);
  }
  pm_reaped_expire(&r, 3);
  check_u64("none", "count", r.count, 0);
  for (uint32_t turn = 3; turn < 20; turn++) /* as long as some child ends */
    pm_reaped_add(&r, turn, PARENT, BIRTH, 5, io_of_child, PM_HAVE_IO),
        pm_reaped_expire(&r, turn);
  check_u64("one a turn", "count", r.count, 1);
  check_true("one a turn", "memory is given back",
             r.room <= 64 && r.index.size <= 64);
  pm_reaped_expire(&r, 20);
  pm_reaped_add(&r, 4, PARENT, BIRTH, 5, io_of_child, PM_HAVE_IO);
  check_u64("in use again", "count", r.count, 1);
  pm_reaped_add(&r, 4, 0, BIRTH, 5, io_of_child, PM_HAVE_IO);
  check_u64("nobody's child", "count", r.count, 1);
  pm_reaped_done(&r);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows),        cmocka_unit_test(corrects),
      cmocka_unit_test(each_its_own), cmocka_unit_test(once),
      cmocka_unit_test(expires),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
