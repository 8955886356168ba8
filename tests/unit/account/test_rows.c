/* From accumulators to what is emitted. */
#include "core/account/rows.h"

#include "unit/support/check.h"

#include <math.h>
#include <string.h>

#define S PM_NS_PER_S

static const struct pm_rows_interval frame = {
    .boot_ns = 1000 * S,
    .tick_ns = 10000000,
    .wall_ns = 10 * S,
    .cpus = 4,
    .memory_bytes = 1000000,
    .can = UINT32_MAX,
    .exits = true,
};

static struct pm_group sample(void) {
  struct pm_group g = {.kind = PM_ROW_AUTOMATIC,
                       .full = true,
                       .name = "web",
                       .events = {17, 18, 19, 20, 5},
                       .spent_ns = 20 * S,
                       .waited_ns = 5 * S,
                       .processes = 3};
  for (int f = 0; f < PM_F_COUNTERS; f++)
    g.total[f] = (uint64_t)(f + 1) * 1000;
  g.gauge[PM_F_rss - PM_F_COUNTERS] = 250000;
  g.gauge[PM_F_anon - PM_F_COUNTERS] = 150000;
  g.gauge[PM_F_file - PM_F_COUNTERS] = 90000;
  g.gauge[PM_F_shmem - PM_F_COUNTERS] = 10000;
  g.gauge[PM_F_hugetlb - PM_F_COUNTERS] = 2097152;
  g.gauge[PM_F_vsize - PM_F_COUNTERS] = 9000000;
  g.gauge[PM_F_swap - PM_F_COUNTERS] = 4096;
  g.gauge[PM_F_threads - PM_F_COUNTERS] = 12;
  g.gauge[PM_F_fds - PM_F_COUNTERS] = 40;
  g.gauge[PM_F_fd_share - PM_F_COUNTERS] = 250000; /* ppm */
  g.gauge[PM_F_birth - PM_F_COUNTERS] = 40000;     /* ticks: 400 s */
  return g;
}

static struct pm_group_row row_of(const struct pm_group *g,
                                  struct pm_rows_interval f) {
  struct pm_group_row row;
  memset(&row, 0x5a, sizeof row);
  pm_rows_group(g, f, &row);
  return row;
}

static void whole_group(void **state) {
  (void)state;
  struct pm_group g = sample();
  struct pm_group_row r = row_of(&g, frame);
  check_text("web", "name", r.name, "web");
  check_int("web", "kind", r.kind, PM_ROW_AUTOMATIC);
  check_true("web", "full", r.full);
  const struct {
    const char *name;
    double got, want;
  } rows[] = {
      {"cpu_user, us", r.cpu_user, 1},
      {"cpu_system, us", r.cpu_system, 2},
      {"cpu_percent", r.cpu_percent, 50},
      {"cpu_cores", r.cpu_cores, 2},
      {"memory_percent", r.memory_percent, 25},
      {"rss", r.rss, 250000},
      {"vsize", r.vsize, 9000000},
      {"swap", r.swap, 4096},
      {"processes", r.processes, 3},
      {"threads", r.threads, 12},
      {"faults_minor", r.faults_minor, 3000},
      {"faults_major", r.faults_major, 4000},
      {"io_read", r.io_read, 5000},
      {"io_write", r.io_write, 6000},
      {"disk_read", r.disk_read, 7000},
      {"disk_write", r.disk_write, 8000},
      {"switch_voluntary", r.switch_voluntary, 9000},
      {"switch_involuntary", r.switch_involuntary, 10000},
      {"starts", r.starts, 17},
      {"exit_ok", r.exit_ok, 18},
      {"exit_error", r.exit_error, 19},
      {"exit_signal", r.exit_signal, 20},
      {"oom", r.oom, 5},
      {"fds", r.fds, 40},
      {"fd_percent", r.fd_percent, 25},
      {"delay", r.delay, 0.5},
      {"oldest", r.oldest, 600},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_real("web", rows[i].name, rows[i].got, rows[i].want);
  check_end();
}

static void microseconds(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t ns;
    double want;
  } rows[] = {
      {"nothing", 0, 0},
      {"under one", 999, 0},
      {"one", 1000, 1},
      {"not rounded up", 1999, 1},
      {"a year of a core", 31536000 * S, 31536000e6},
      {"a century of a core", UINT64_C(3153600000) * S, 100 * 31536000e6},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_group g = sample();
    g.total[PM_F_cpu_user] = g.total[PM_F_cpu_system] = rows[i].ns;
    struct pm_group_row r = row_of(&g, frame);
    check_real(rows[i].name, "user", r.cpu_user, rows[i].want);
    check_real(rows[i].name, "system", r.cpu_system, rows[i].want);
    check_true(rows[i].name, "whole", r.cpu_user == floor(r.cpu_user));
  }
  check_end();
}

/* Late numbers can make more than there is; a percentage never shows it. */
static void percentages(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t spent, wall;
    uint32_t cpus;
    uint64_t rss, memory, share;
    double cpu, cores, memory_percent, fd;
  } rows[] = {
      {"idle", 0, 10 * S, 4, 0, 100, 0, 0, 0, 0, 0},
      {"all of it", 40 * S, 10 * S, 4, 100, 100, 1000000, 100, 4, 100, 100},
      {"more than all", 50 * S, 10 * S, 4, 300, 100, 1500000, 100, 5, 100, 100},
      {"no interval yet", 5 * S, 0, 4, 50, 100, 500000, NAN, NAN, 50, 50},
      {"CPUs not known", 5 * S, 10 * S, 0, 50, 100, 0, NAN, 0.5, 50, 0},
      {"memory not known", 4 * S, 10 * S, 4, 50, 0, 0, 10, 0.4, NAN, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_group g = sample();
    struct pm_rows_interval f = frame;
    g.spent_ns = rows[i].spent;
    g.gauge[PM_F_rss - PM_F_COUNTERS] = rows[i].rss;
    g.gauge[PM_F_fd_share - PM_F_COUNTERS] = rows[i].share;
    f.wall_ns = rows[i].wall;
    f.cpus = rows[i].cpus;
    f.memory_bytes = rows[i].memory;
    struct pm_group_row r = row_of(&g, f);
    check_real(rows[i].name, "cpu_percent", r.cpu_percent, rows[i].cpu);
    check_real(rows[i].name, "cpu_cores", r.cpu_cores, rows[i].cores);
    check_real(rows[i].name, "memory_percent", r.memory_percent,
               rows[i].memory_percent);
    check_real(rows[i].name, "fd_percent", r.fd_percent, rows[i].fd);
    check_real(rows[i].name, "delay", r.delay, rows[i].wall ? 0.5 : NAN);
  }
  check_end();
}

/* Every number that hangs on a field, in an order of its own. */
enum { SHOWN = 21 };
static void shown(const struct pm_group_row *r, double ret[SHOWN]) {
  const double all[SHOWN] = {r->cpu_user,
                             r->cpu_system,
                             r->faults_minor,
                             r->faults_major,
                             r->io_read,
                             r->io_write,
                             r->disk_read,
                             r->disk_write,
                             r->switch_voluntary,
                             r->switch_involuntary,
                             r->delay,
                             r->rss,
                             r->anon,
                             r->file,
                             r->shmem,
                             r->hugetlb,
                             r->swap,
                             r->threads,
                             r->fds,
                             r->fd_percent,
                             r->vsize};
  memcpy(ret, all, sizeof all);
}
_Static_assert((int)PM_F_birth == (int)SHOWN,
               "shown() goes by the order of field.def");

/* What the sampler cannot know, or is not known of one member, is absent. */
static void unknown_fields(void **state) {
  (void)state;
  static const char *const ways[] = {"cannot", "lacks"};
  for (size_t way = 0; way < CHECK_COUNT(ways); way++)
    for (int field = 0; field < SHOWN; field++) {
      struct pm_group g = sample();
      struct pm_rows_interval f = frame;
      double got[SHOWN];
      char row[32];
      snprintf(row, sizeof row, "%s field %d", ways[way], field);
      if (way == 0)
        f.can &= ~PM_BIT(field);
      else
        g.lacks = PM_BIT(field);
      struct pm_group_row r = row_of(&g, f);
      shown(&r, got);
      for (int k = 0; k < SHOWN; k++)
        check_true(row, "only that one is absent",
                   isnan(got[k]) == (k == field));
      check_true(row, "memory_percent goes with rss",
                 isnan(r.memory_percent) == (field == PM_F_rss));
    }
  check_end();
}

/* The gauges of the others are not summed up for it: they are not 0. */
static void basic_group(void **state) {
  (void)state;
  struct pm_group g = sample();
  double got[SHOWN];
  g.full = false;
  struct pm_group_row r = row_of(&g, frame);
  shown(&r, got);
  for (int k = PM_F_COUNTERS; k < SHOWN; k++)
    check_true("basic", "has what its series need",
               isnan(got[k]) !=
                   (k == PM_F_rss || k == PM_F_anon || k == PM_F_threads));
  check_real("basic", "oldest", r.oldest, 600);
  check_end();
}

static void without_members(void **state) {
  (void)state;
  struct pm_group g = {.kind = PM_ROW_CONFIGURED, .name = "idle"};
  struct pm_group_row r = row_of(&g, frame);
  check_real("nobody", "processes", r.processes, 0);
  check_real("nobody", "rss", r.rss, 0);
  check_real("nobody", "cpu_percent", r.cpu_percent, 0);
  check_real("nobody", "oldest", r.oldest, NAN);
  check_end();
}

struct want {
  const char *name;
  double got, want;
};

static void check_wants(const char *row, const struct want *wants,
                        size_t count) {
  for (size_t i = 0; i < count; i++)
    check_real(row, wants[i].name, wants[i].got, wants[i].want);
}

/* The interval is still its own: its rates are sent, its counters stay.  One
 * close later its rates fall to 0, too. */
static void evicted(void **state) {
  (void)state;
  for (int left = 0; left < 2; left++) {
    const char *row = left ? "left" : "evicted";
    struct pm_group g = sample();
    struct pm_group before = g;
    struct pm_group_row r, was = row_of(&g, frame);
    g.lacks = PM_BIT(PM_F_rss);
    before.lacks = g.lacks;
    memset(&r, 0x5a, sizeof r);
    if (left)
      pm_rows_left(&g, frame, &r);
    else
      pm_rows_evicted(&g, frame, &r);
    check_text(row, "name", r.name, "web");
    const struct want wants[] = {
        {"cpu_percent", r.cpu_percent, left ? 0 : was.cpu_percent},
        {"cpu_cores", r.cpu_cores, left ? 0 : was.cpu_cores},
        {"delay", r.delay, left ? 0 : was.delay},
        {"memory_percent", r.memory_percent, 0},
        {"rss", r.rss, 0},
        {"vsize", r.vsize, 0},
        {"swap", r.swap, 0},
        {"processes", r.processes, 0},
        {"threads", r.threads, 0},
        {"fds", r.fds, 0},
        {"fd_percent", r.fd_percent, 0},
        {"oldest", r.oldest, NAN},
        {"cpu_user", r.cpu_user, was.cpu_user},
        {"io_read", r.io_read, was.io_read},
        {"starts", r.starts, 17},
        {"exit_ok", r.exit_ok, 18},
        {"exit_error", r.exit_error, 19},
        {"exit_signal", r.exit_signal, 20},
        {"oom", r.oom, 5},
    };
    check_wants(row, wants, CHECK_COUNT(wants));
    check_true(row, "its rates were not 0", was.cpu_cores > 0 && was.delay > 0);
    check_true(row, "the group itself is as before",
               g.processes == before.processes && g.lacks == before.lacks &&
                   g.spent_ns == before.spent_ns &&
                   memcmp(g.gauge, before.gauge, sizeof g.gauge) == 0);
  }
  check_end();
}

/* What it used in this interval is _other's: no rate, but all else. */
static void entered(void **state) {
  (void)state;
  struct pm_group g = sample();
  struct pm_group_row r, was = row_of(&g, frame);
  memset(&r, 0x5a, sizeof r);
  pm_rows_entered(&g, frame, &r);
  const struct want wants[] = {
      {"cpu_percent", r.cpu_percent, NAN},
      {"cpu_cores", r.cpu_cores, NAN},
      {"delay", r.delay, NAN},
      {"memory_percent", r.memory_percent, was.memory_percent},
      {"rss", r.rss, was.rss},
      {"processes", r.processes, was.processes},
      {"oldest", r.oldest, was.oldest},
      {"cpu_user", r.cpu_user, was.cpu_user},
      {"exit_signal", r.exit_signal, was.exit_signal},
  };
  check_wants("entered", wants, CHECK_COUNT(wants));
  check_end();
}

static void unattributed(void **state) {
  (void)state;
  struct pm_group_row r;
  memset(&r, 0x5a, sizeof r);
  pm_rows_unattributed("_unattributed", 123456789, 4 * S, frame, &r);
  check_text("unattributed", "name", r.name, "_unattributed");
  check_int("unattributed", "kind", r.kind, PM_ROW_PSEUDO);
  check_true("unattributed", "full", !r.full);
  check_real("unattributed", "cpu in all", r.cpu_user + r.cpu_system, 123456);
  check_real("unattributed", "cpu_percent", r.cpu_percent, 10);
  check_real("unattributed", "rss", r.rss, NAN);
  check_real("unattributed", "processes", r.processes, NAN);
  check_real("unattributed", "starts", r.starts, NAN);
  check_end();
}

static void states(void **state) {
  (void)state;
  static const struct {
    const char *letters;
    struct pm_states want;
  } rows[] = {
      {"R", {.running = 1}},
      {"S", {.sleeping = 1}},
      {"D", {.blocked = 1}},
      {"Tt", {.stopped = 2}},
      {"ZX", {.zombies = 2}},
      {"I", {.idle = 1}},
      {"RRSSSDTZI", {2, 3, 1, 1, 1, 1}},
      {"?", {.sleeping = 1}}, /* a letter still to come */
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_states s = {0};
    for (const char *p = rows[i].letters; *p; p++)
      pm_rows_count_state(&s, *p);
    check_bytes(rows[i].letters, "counts", &s, &rows[i].want, sizeof s);
  }
  check_end();
}

static void processes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t spent, wall;
    uint32_t known;
    char letter;
    double percent, cores, rss, memory;
  } rows[] = {
      {"busy", 10 * S, 10 * S, UINT32_MAX, 'R', 25, 1, 250000, 25},
      {"more than all", 90 * S, 10 * S, UINT32_MAX, 'S', 100, 9, 250000, 25},
      {"no interval yet", 10 * S, 0, UINT32_MAX, 'D', NAN, NAN, 250000, 25},
      {"rss not known", 0, 10 * S, 0, 'Z', 0, 0, NAN, NAN},
  };
  const struct pm_group group = sample();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_entry e = {.pid = 4711,
                         .birth = 99000, /* 990 s */
                         .known = rows[i].known,
                         .state = rows[i].letter,
                         .spent_ns = rows[i].spent};
    struct pm_rows_interval f = frame;
    struct pm_process_row r;
    f.wall_ns = rows[i].wall;
    e.rss = 250000;
    memset(&r, 0x5a, sizeof r);
    pm_rows_process(&group, 3, &e, f, &r);
    check_text(rows[i].name, "name", r.name, "web-3");
    check_real(rows[i].name, "pid", r.pid, 4711);
    check_real(rows[i].name, "cpu_percent", r.cpu_percent, rows[i].percent);
    check_real(rows[i].name, "cpu_cores", r.cpu_cores, rows[i].cores);
    check_real(rows[i].name, "rss", r.rss, rows[i].rss);
    check_real(rows[i].name, "memory_percent", r.memory_percent,
               rows[i].memory);
    check_real(rows[i].name, "uptime", r.uptime, 10);
    check_real(
        rows[i].name, "one state",
        r.running + r.sleeping + r.blocked + r.stopped + r.zombies + r.idle, 1);
    check_text(rows[i].name, "no meta data", r.command, "");
  }
  check_end();
}

/* Births are rounded to ticks and may lie ahead of the clock. */
static void born_in_the_future(void **state) {
  (void)state;
  struct pm_group g = sample();
  g.gauge[PM_F_birth - PM_F_COUNTERS] = 100001;
  check_real("group", "oldest", row_of(&g, frame).oldest, 0);
  struct pm_entry e = {.pid = 1, .birth = 100001};
  struct pm_process_row r;
  pm_rows_process(&g, 1, &e, frame, &r);
  check_real("process", "uptime", r.uptime, 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_group),  cmocka_unit_test(microseconds),
      cmocka_unit_test(percentages),  cmocka_unit_test(unknown_fields),
      cmocka_unit_test(basic_group),  cmocka_unit_test(without_members),
      cmocka_unit_test(evicted),      cmocka_unit_test(entered),
      cmocka_unit_test(unattributed), cmocka_unit_test(states),
      cmocka_unit_test(processes),    cmocka_unit_test(born_in_the_future),
  };
  return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
