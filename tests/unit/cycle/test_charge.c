/* What of a process's counters is charged, and to whom. */
#include "core/cycle/charge.h"

#include "unit/support/check.h"

#include <stdlib.h>

struct world {
  struct pm_cycle cycle;
  struct pm_group *group;
  struct pm_entry entry;
};

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  static const struct pm_select_options options = {0};
  static const struct pm_choice choice = {
      .rule = -1, .by = PM_BY_NAME, .key = "web"};
  struct pm_err err = PM_ERR_INIT;
  if (pm_groups_init(&w->cycle.groups, &options, &err) < 0)
    return -1;
  w->group = pm_groups_get(&w->cycle.groups, &choice);
  w->group->admit.in = true;
  w->entry.group = w->group;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_groups_done(&w->cycle.groups);
  free(w);
  return 0;
}

static struct pm_task task_with(enum pm_field f, uint64_t value) {
  struct pm_task t = {.pid = 1};
  pm_task_set(&t, f, value);
  return t;
}

static void charge(struct world *w, const struct pm_task *t) {
  pm_charge_base(&w->entry, t, false);
  pm_charge_growth(&w->cycle, &w->entry, t);
}

static void charge_one(struct world *w, enum pm_field f, uint64_t value) {
  struct pm_task t = task_with(f, value);
  charge(w, &t);
}

static void charge_cpu(struct world *w, uint64_t user, uint64_t system) {
  struct pm_task t = task_with(PM_F_cpu_user, user);
  pm_task_set(&t, PM_F_cpu_system, system);
  charge(w, &t);
}

/* ---- bases ---- */

static void older_than_we_are(void **state) {
  struct world *w = *state;
  charge_one(w, PM_F_disk_write, 1000);
  check_u64("first", "charged", w->group->total[PM_F_disk_write], 0);
  charge_one(w, PM_F_disk_write, 1007);
  charge_one(w, PM_F_disk_write, 1007);
  check_u64("grown", "once", w->group->total[PM_F_disk_write], 7);
  charge_one(w, PM_F_disk_write, 900);
  charge_one(w, PM_F_disk_write, 1008);
  check_u64("fell", "only what is above all before",
            w->group->total[PM_F_disk_write], 8);
  charge_one(w, PM_F_faults_minor, 50);
  check_u64("another counter", "has a base of its own",
            w->group->total[PM_F_faults_minor], 0);
  check_end();
}

static void born_since(void **state) {
  struct world *w = *state;
  struct pm_task t = task_with(PM_F_disk_write, 1000);
  pm_charge_base(&w->entry, &t, true);
  pm_charge_growth(&w->cycle, &w->entry, &t);
  check_u64("new", "charged", w->group->total[PM_F_disk_write], 1000);
  pm_charge_base(&w->entry, &t, true);
  pm_charge_growth(&w->cycle, &w->entry, &t);
  check_u64("again", "its base stays", w->group->total[PM_F_disk_write], 1000);
  check_true("moved", "it is said", w->entry.flags & PM_ENTRY_MOVED);
  check_end();
}

/* ---- CPU ---- */

/* The halves are estimates, and each is charged only upwards; their sum is what
 * the process has used. */
static void halves_of_cpu(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    uint64_t user, system, want_user, want_system;
  } steps[] = {
      {"base", 100, 50, 0, 0},
      {"both grow", 110, 55, 10, 5},
      {"the split moves to user", 125, 50, 20, 5},
      {"and to the system", 110, 80, 20, 20},
      {"by more than there is", 119, 72, 20, 21},
      {"nothing new", 100, 91, 20, 21},
      {"the sum falls", 90, 60, 20, 21},
      {"and grows again", 150, 100, 50, 50},
  };
  for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
    charge_cpu(w, steps[i].user, steps[i].system);
    check_u64(steps[i].name, "user", w->group->total[PM_F_cpu_user],
              steps[i].want_user);
    check_u64(steps[i].name, "system", w->group->total[PM_F_cpu_system],
              steps[i].want_system);
  }
  check_u64("books", "charged", w->cycle.books.charged, 100);
  check_u64("entry", "spent", w->entry.spent_ns, 100);
  check_u64("entry", "since the snapshot", w->entry.since_snapshot_ns, 100);
  charge_one(w, PM_F_cpu_user, 5000);
  check_u64("a half alone", "is not charged", w->cycle.books.charged, 100);
  check_end();
}

/* ---- who pays ---- */

static void paid_by_other(void **state) {
  struct world *w = *state;
  charge_cpu(w, 0, 0);
  w->group->admit.in = false;
  charge_cpu(w, 30, 0);
  check_u64("out", "its counter stands", w->group->total[PM_F_cpu_user], 0);
  check_u64("out", "_other pays", w->cycle.groups.other.total[PM_F_cpu_user],
            30);
  check_u64("out", "it is ranked by it", w->group->spent_ns, 30);
  check_end();
}

/* ---- I/O that may be a child's ---- */

static void waiting_io(void **state) {
  struct world *w = *state;
  struct pm_task t = task_with(PM_F_disk_write, 100);
  pm_task_set(&t, PM_F_faults_minor, 10);
  charge(w, &t);
  w->entry.flags |= PM_ENTRY_IO_WAITS;
  pm_task_set(&t, PM_F_disk_write, 164);
  pm_task_set(&t, PM_F_faults_minor, 12);
  charge(w, &t);
  check_u64("waits", "I/O", w->group->total[PM_F_disk_write], 0);
  check_u64("waits", "all else", w->group->total[PM_F_faults_minor], 2);
  w->entry.flags &= (uint16_t)~PM_ENTRY_IO_WAITS;
  charge(w, &t);
  check_u64("then", "I/O", w->group->total[PM_F_disk_write], 64);
  check_end();
}

/* ---- delay ---- */

static void threads_that_end(void **state) {
  struct world *w = *state;
  charge_one(w, PM_F_delay_cpu, 100);
  struct pm_task less = task_with(PM_F_delay_cpu, 40);
  pm_charge_lower_delay(&w->entry, &less);
  charge(w, &less);
  check_u64("fell", "charged", w->group->total[PM_F_delay_cpu], 0);
  charge_one(w, PM_F_delay_cpu, 45);
  check_u64("grown", "charged", w->group->total[PM_F_delay_cpu], 5);
  check_u64("grown", "waited", w->group->waited_ns, 5);
  struct pm_task unknown = {.pid = 1};
  pm_charge_lower_delay(&w->entry, &unknown);
  check_u64("not known", "base", w->entry.last[PM_F_delay_cpu], 45);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(older_than_we_are), HERE(born_since), HERE(halves_of_cpu),
      HERE(paid_by_other),     HERE(waiting_io), HERE(threads_that_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
