/* Snapshots: making, finding, and who frees them. */
#include "core/snapshot/snapshot.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <string.h>

static struct pm_snapshot_draft drafted(size_t processes, size_t users,
                                        size_t text) {
  struct pm_snapshot_draft d;
  struct pm_snapshot_counts counts = {
      .processes = processes, .users = users, .text = text};
  assert_int_equal(pm_snapshot_draft(&d, &counts), 0);
  return d;
}

static void rooms(void **state) {
  (void)state;
  struct pm_snapshot_draft d;
  /* odd sizes, so that one room that overlaps another is seen */
  struct pm_snapshot_counts n = {3, 5, 7, 1, 3, 11};
  assert_int_equal(pm_snapshot_draft(&d, &n), 0);
  const struct {
    const char *name;
    void *room;
    const void *shown;
    size_t size;
  } rows[] = {
      {"processes", d.processes, d.snapshot->processes,
       n.processes * sizeof *d.processes},
      {"groups", d.groups, d.snapshot->groups, n.groups * sizeof *d.groups},
      {"users", d.users, d.snapshot->users, n.users * sizeof *d.users},
      {"disks", d.disks, d.snapshot->disks, n.disks * sizeof *d.disks},
      {"sensors", d.sensors, d.snapshot->sensors,
       n.sensors * sizeof *d.sensors},
      {"text", d.text, d.text, n.text},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char zero[1024] = {0};
    check_true(rows[i].name, "shown", rows[i].room == rows[i].shown);
    check_true(rows[i].name, "aligned", (uintptr_t)rows[i].room % 8 == 0);
    check_bytes(rows[i].name, "zeroed", rows[i].room, zero, rows[i].size);
    memset(rows[i].room, 0x5a, rows[i].size);
  }
  check_u64("all", "counts begin at 0",
            d.snapshot->process_count + d.snapshot->group_count +
                d.snapshot->user_count + d.snapshot->disk_count +
                d.snapshot->sensor_count,
            0);
  pm_snapshot_unref(d.snapshot);
  failing_alloc_fail_at(1);
  check_int("no memory", "status", pm_snapshot_draft(&d, &n), -ENOMEM);
  check_true("no memory", "it was asked for", failing_alloc_failed());
  failing_alloc_fail_at(0);
  check_end();
}

static void text(void **state) {
  (void)state;
  struct pm_snapshot_draft d = drafted(0, 0, 8);
  char word[] = "one";
  const char *copy = pm_snapshot_text(&d, word);
  word[0] = 'X';
  check_text("a word", "is a copy", copy, "one");
  check_true("nothing", "is nothing", !pm_snapshot_text(&d, NULL));
  check_true("a word too long", "has no room", !pm_snapshot_text(&d, "four"));
  check_text("a word that fits", "is there", pm_snapshot_text(&d, "two"),
             "two");
  check_true("full", "even the empty word has no room",
             !pm_snapshot_text(&d, ""));
  check_text("the first", "is as it was", copy, "one");
  pm_snapshot_unref(d.snapshot);
  check_end();
}

static const struct {
  int32_t pid;
  uint64_t birth;
} shuffled[] = {{7, 100}, {3, 5}, {7, 50}, {1, 9}, {2000000000, 1}};

static struct pm_snapshot_draft sealed(void) {
  struct pm_snapshot_draft d = drafted(CHECK_COUNT(shuffled) + 1, 3, 0);
  for (size_t i = 0; i < CHECK_COUNT(shuffled); i++)
    d.processes[i] = (struct pm_snapshot_process){.pid = shuffled[i].pid,
                                                  .birth = shuffled[i].birth};
  d.users[0] = (struct pm_snapshot_user){4294967294U, "nobody"};
  d.users[1] = (struct pm_snapshot_user){0, "root"};
  d.snapshot->process_count = CHECK_COUNT(shuffled); /* one is not used */
  d.snapshot->user_count = 2;
  pm_snapshot_seal(&d);
  return d;
}

static void order(void **state) {
  (void)state;
  struct pm_snapshot_draft d = sealed();
  static const int32_t pids[] = {1, 3, 7, 7, 2000000000};
  static const uint64_t births[] = {9, 5, 50, 100, 1};
  for (size_t i = 0; i < CHECK_COUNT(pids); i++) {
    check_int("order", "pid", d.snapshot->processes[i].pid, pids[i]);
    check_u64("order", "birth", d.snapshot->processes[i].birth, births[i]);
  }
  pm_snapshot_unref(d.snapshot);
  check_end();
}

static void finding(void **state) {
  (void)state;
  struct pm_snapshot_draft d = sealed();
  static const struct {
    const char *name;
    int32_t pid;
    uint64_t birth, want; /* birth of the found one; 0: none */
  } rows[] = {
      {"the first", 1, 9, 9},
      {"the last", 2000000000, 1, 1},
      {"any of a pid", 3, 0, 5},
      {"the youngest of a pid", 7, 0, 100},
      {"the older of a pid", 7, 50, 50},
      {"the younger of a pid", 7, 100, 100},
      {"another birth", 3, 6, 0},
      {"a birth in between", 7, 75, 0},
      {"an earlier birth", 7, 49, 0},
      {"no such pid", 4, 0, 0},
      {"below all", 0, 0, 0},
      {"above all", 2000000001, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_snapshot_process *p =
        pm_snapshot_find(d.snapshot, rows[i].pid, rows[i].birth);
    check_u64(rows[i].name, "birth", p ? p->birth : 0, rows[i].want);
    check_true(rows[i].name, "pid", !p || p->pid == rows[i].pid);
  }
  check_text("user", "0", pm_snapshot_user(d.snapshot, 0), "root");
  check_text("user", "nobody", pm_snapshot_user(d.snapshot, 4294967294U),
             "nobody");
  check_true("user", "unknown", !pm_snapshot_user(d.snapshot, 1));
  pm_snapshot_unref(d.snapshot);
  struct pm_snapshot_draft empty = drafted(0, 0, 0);
  pm_snapshot_seal(&empty);
  check_true("empty", "process", !pm_snapshot_find(empty.snapshot, 1, 0));
  check_true("empty", "user", !pm_snapshot_user(empty.snapshot, 0));
  pm_snapshot_unref(empty.snapshot);
  check_end();
}

/* That it is freed at the last one, and not before, is what the address
 * sanitizer and valgrind see here. */
static void references(void **state) {
  (void)state;
  struct pm_snapshot_draft d = drafted(1, 0, 8);
  d.processes[0].name = pm_snapshot_text(&d, "one");
  struct pm_snapshot *s = d.snapshot;
  check_true("ref", "gives it back", pm_snapshot_ref(s) == s);
  pm_snapshot_ref(s);
  pm_snapshot_unref(s);
  pm_snapshot_unref(s);
  check_text("still there", "name", s->processes[0].name, "one");
  pm_snapshot_unref(s);
  check_true("NULL", "ref", !pm_snapshot_ref(NULL));
  pm_snapshot_unref(NULL);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rooms),      cmocka_unit_test(text),
      cmocka_unit_test(order),      cmocka_unit_test(finding),
      cmocka_unit_test(references),
  };
  return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
