/* The machine's numbers out of a /proc of our own. */
#include "core/machine/system.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define S PM_NS_PER_S

static const char meminfo[] =
    "MemTotal:  1000 kB\nMemFree:  200 kB\nMemAvailable: 600 kB\n"
    "Buffers: 30 kB\nCached: 400 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB\n"
    "SReclaimable: 60 kB\n";

/* One world: two CPUs, ticks of 10 ms. */
struct world {
  struct fake_root *fake;
  struct pm_root root;
  struct pm_system system;
  struct pm_system_row row;
  struct pm_system_sums sums;
  struct pm_err err;
};

static void put_stat(struct world *w, const char *columns) {
  char text[256];
  snprintf(text, sizeof text,
           "cpu  %s\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 1\nbtime 1700000000\n",
           columns);
  fake_root_put(w->fake, "proc/stat", text);
}

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  w->fake = fake_root_new();
  put_stat(w, "1000 100 1000 10000 500 10 20 30 0 0");
  fake_root_put(w->fake, "proc/meminfo", meminfo);
  fake_root_put(w->fake, "proc/loadavg", "0.50 1.50 2.50 1/467 12345\n");
  fake_root_put(w->fake, "proc/uptime", "12345.67 8888.88\n");
  struct pm_err err;
  if (pm_root_open(&w->root, fake_root_proc(w->fake), fake_root_sys(w->fake),
                   &err) < 0)
    return -1;
  w->root.units.tick_ns = 10000000;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_system_done(&w->system);
  pm_root_close(&w->root);
  fake_root_free(w->fake);
  free(w);
  return 0;
}

static int read_at(struct world *w, uint64_t mono) {
  struct pm_now now = {.mono = mono, .boot = mono};
  w->err = (struct pm_err)PM_ERR_INIT;
  memset(&w->row, 0x5a, sizeof w->row);
  memset(&w->sums, 0x5a, sizeof w->sums);
  return pm_system_read(&w->system, &w->root, now, &w->row, &w->sums, &w->err);
}

static void first_reading(void **state) {
  struct world *w = *state;
  check_int("first", "status", read_at(w, 100 * S), 0);
  const struct pm_system_row *r = &w->row;
  const struct {
    const char *name;
    double got, want;
  } rows[] = {
      {"total", r->total, 1024000},
      {"available", r->available, 614400},
      {"used", r->used, 409600},
      {"memory_percent", r->memory_percent, 40},
      {"free", r->free, 204800},
      {"buffered", r->buffered, 30720},
      {"cached", r->cached, 471040},
      {"swap_total", r->swap_total, 51200},
      {"swap_used", r->swap_used, 10240},
      {"swap_free", r->swap_free, 40960},
      {"boot_time", r->boot_time, 1700000000},
      {"uptime", r->uptime, 12345.67},
      {"load1", r->load1, 0.5},
      {"load5", r->load5, 1.5},
      {"load15", r->load15, 2.5},
      {"cpu: no rate yet", r->cpu, NAN},
      {"user: no rate yet", r->user, NAN},
      {"wait: no rate yet", r->wait, NAN},
      {"processes: not from here", r->processes, NAN},
      {"running: not from here", r->running, NAN},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_real("first", rows[i].name, rows[i].got, rows[i].want);
  check_true("first", "busy is not known", !w->sums.known);
  check_u64("first", "cpus", w->sums.cpus, 2);
  check_u64("first", "memory", w->sums.memory_bytes, 1024000);
  check_end();
}

/* Ten seconds of two CPUs are 2000 ticks.  Before stands what begin() put:
 * 1000 100 1000 10000 500 10 20 30. */
static const struct {
  const char *name, *columns;
  uint64_t seconds;
  double cpu, user, system, wait, steal;
  uint64_t busy_ns;
} second[] = {
    {"idle", "1000 100 1000 12000 500 10 20 30", 10, 0, 0, 0, 0, 0, 0},
    {"one of each", "1100 200 1100 11300 700 60 70 130", 10, 20, 10, 10, 10, 5,
     4 * S},
    {"all busy", "3000 100 1000 10000 500 10 20 30", 10, 100, 100, 0, 0, 0,
     20 * S},
    {"a load that dodges the tick", "1000 100 1000 11000 500 10 20 30", 10, 50,
     0, 0, 0, 0, 10 * S},
    {"guest time is in user already", "2000 100 1000 11000 500 10 20 30 900 90",
     10, 50, 50, 0, 0, 0, 10 * S},
    {"more idle than there is", "1000 100 1000 13000 500 10 20 30", 10, 0, 0, 0,
     0, 0, 0},
    {"iowait steps back", "2000 100 1000 11000 400 10 20 30", 10, 50, 50, 0, 0,
     0, 10 * S},
    {"idle steps back a little", "2000 100 2000 9990 500 10 20 30", 10, 100, 50,
     50, 0, 0, 20 * S},
    {"idle steps back", "1000 100 2000 9000 500 10 20 30", 10, NAN, NAN, NAN,
     NAN, NAN, 0},
    {"all steps back", "1 1 1 1 1 1 1 1", 10, NAN, NAN, NAN, NAN, NAN, 0},
    {"another machine, which was idle for longer",
     "500 100 500 11000 500 10 20 30", 10, NAN, NAN, NAN, NAN, NAN, 0},
    {"steal steps back", "1000 100 1000 12000 500 10 20 5", 10, NAN, NAN, NAN,
     NAN, NAN, 0},
    {"idle jumps", "1000 100 1000 9223372036854775808 500 10 20 30", 10, NAN,
     NAN, NAN, NAN, NAN, 0},
    {"steal jumps", "1000 100 1000 10000 500 10 20 184467440737", 10, NAN, NAN,
     NAN, NAN, NAN, 0},
    {"nothing moved", "1000 100 1000 10000 500 10 20 30", 10, 100, NAN, NAN,
     NAN, NAN, 20 * S},
};

static void second_reading(void **state) {
  struct world *w = *state;
  for (size_t i = 0; i < CHECK_COUNT(second); i++) {
    const char *name = second[i].name;
    pm_system_done(&w->system);
    put_stat(w, "1000 100 1000 10000 500 10 20 30");
    read_at(w, 100 * S);
    put_stat(w, second[i].columns);
    check_int(name, "status", read_at(w, (100 + second[i].seconds) * S), 0);
    bool known = !isnan(second[i].cpu);
    check_true(name, "read", w->sums.read);
    check_true(name, "known", w->sums.known == known);
    check_u64(name, "wall", w->sums.wall_ns, known ? second[i].seconds * S : 0);
    check_u64(name, "busy", w->sums.busy_ns, second[i].busy_ns);
    check_real(name, "cpu", w->row.cpu, second[i].cpu);
    check_real(name, "user", w->row.user, second[i].user);
    check_real(name, "system", w->row.system, second[i].system);
    check_real(name, "wait", w->row.wait, second[i].wait);
    check_real(name, "steal", w->row.steal, second[i].steal);
  }
  check_end();
}

/* Readings one after the other, ten seconds apart. */
static void check_readings(struct world *w, const char *name, size_t count,
                           const char *const stat[], const double cpu[]) {
  pm_system_done(&w->system);
  for (size_t i = 0; i < count; i++) {
    char row[64];
    snprintf(row, sizeof row, "%s, %zu", name, i);
    fake_root_put(w->fake, "proc/stat", stat[i]);
    check_int(row, "status", read_at(w, (100 + 10 * i) * S), 0);
    check_real(row, "cpu", w->row.cpu, cpu[i]);
    check_true(row, "known", w->sums.known == !isnan(cpu[i]));
    check_u64(row, "the others are read", w->sums.memory_bytes, 1024000);
  }
}

#define TWO(idle)                                                              \
  "cpu  1000 0 0 " idle " 0 0 0 0\ncpu0 1\ncpu1 1\nbtime 1700000000\n"
#define FOUR(idle)                                                             \
  "cpu  1000 0 0 " idle                                                        \
  " 0 0 0 0\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nbtime 1700000000\n"

/* While something steps, nothing is said; the reading after counts from it. */
static void steps(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name, *stat[5];
    double cpu[5];
  } rows[] = {
      {"two CPUs leave",
       {FOUR("10000"), FOUR("12000"), TWO("7000"), TWO("8000"), TWO("9500")},
       {NAN, 50, NAN, 50, 25}},
      {"two come",
       {TWO("10000"), TWO("11000"), FOUR("22000"), FOUR("24000"),
        FOUR("27000")},
       {NAN, 50, NAN, 50, 25}},
      {"to another machine",
       {TWO("10000"), TWO("11000"), TWO("500"), TWO("1500"), TWO("3000")},
       {NAN, 50, NAN, 50, 25}},
      {"idle jumps and stays there",
       {TWO("10000"), TWO("9223372036854775808"), TWO("9223372036854775808"),
        TWO("12000"), TWO("13000")},
       {NAN, NAN, NAN, NAN, 50}},
      {"it stays where nanoseconds have no more room",
       {TWO("10000"), TWO("922337203685"), TWO("922337203685"),
        TWO("922337203685"), TWO("922337204685")},
       {NAN, NAN, NAN, NAN, 50}},
      {"it jumps and goes on",
       {TWO("10000"), TWO("922337203685"), TWO("922337204685"),
        TWO("922337206185"), TWO("922337206185")},
       {NAN, NAN, 50, 25, 100}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_readings(w, rows[i].name, 5, rows[i].stat, rows[i].cpu);
  check_end();
}

/* No board is without CPUs for want of a clock. */
static void no_clock(void **state) {
  struct world *w = *state;
  static const struct {
    const char *btime;
    double want;
  } rows[] = {{"0", NAN}, {"18446744073709551610", NAN}, {"5", 5}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[128];
    snprintf(text, sizeof text, "cpu  1 2 3 4\ncpu0 1 2 3 4\nbtime %s\n",
             rows[i].btime);
    fake_root_put(w->fake, "proc/stat", text);
    check_int(rows[i].btime, "status", read_at(w, 100 * S), 0);
    check_real(rows[i].btime, "boot_time", w->row.boot_time, rows[i].want);
    check_u64(rows[i].btime, "cpus", w->sums.cpus, 1);
  }
  check_end();
}

/* No time has passed, or it went backwards: no rate, and no huge one next. */
static void clock_steps(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    uint64_t mono;
    double cpu;
  } rows[] = {
      {"base", 100 * S, NAN},
      {"the same instant", 100 * S, NAN},
      {"a step back", 90 * S, NAN},
      {"and on from there", 100 * S, 100},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_int(rows[i].name, "status", read_at(w, rows[i].mono), 0);
    check_real(rows[i].name, "cpu", w->row.cpu, rows[i].cpu);
    check_true(rows[i].name, "known", w->sums.known == !isnan(rows[i].cpu));
  }
  check_end();
}

/* What cannot be is absent, and takes nothing else away. */
static void impossible_memory(void **state) {
  static const char usual[] = "Buffers: 30 kB\nCached: 400 kB\n"
                              "SReclaimable: 60 kB\nMemTotal: 1000 kB\n";
  enum { K = 1024 };
  static const struct {
    const char *name, *text; /* before the usual lines */
    double available, free, swap_free, swap_used, cached;
  } rows[] = {
      {"no swap, and less than none is free",
       "MemFree: 200 kB\nMemAvailable: 600 kB\nSwapTotal: 0 kB\n"
       "SwapFree: 18446744073709551612 kB\n",
       600 * K, 200 * K, NAN, NAN, 460 * K},
      {"2^64 bytes",
       "MemFree: 200 kB\nMemAvailable: 600 kB\nSwapTotal: 50 kB\n"
       "SwapFree: 18014398509481984 kB\n",
       600 * K, 200 * K, NAN, NAN, 460 * K},
      {"more swap free than there is",
       "MemFree: 200 kB\nMemAvailable: 600 kB\nSwapTotal: 50 kB\n"
       "SwapFree: 51 kB\n",
       600 * K, 200 * K, NAN, NAN, 460 * K},
      {"more available than there is",
       "MemFree: 200 kB\nMemAvailable: 1001 kB\nSwapTotal: 50 kB\n"
       "SwapFree: 50 kB\n",
       200 * K, 200 * K, 50 * K, 0, 460 * K},
      {"more free than there is",
       "MemFree: 1001 kB\nSwapTotal: 50 kB\nSwapFree: 50 kB\n", NAN, NAN,
       50 * K, 0, 460 * K},
      {"less than nothing cached",
       "MemFree: 200 kB\nSwapTotal: 50 kB\nSwapFree: 0 kB\nCached: -4 kB\n",
       200 * K, 200 * K, 0, 50 * K, NAN},
  };
  struct world *w = *state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const char *name = rows[i].name;
    char text[512];
    snprintf(text, sizeof text, "%s%s", rows[i].text, usual);
    fake_root_put(w->fake, "proc/meminfo", text);
    check_int(name, "status", read_at(w, 100 * S), 0);
    check_real(name, "total", w->row.total, 1000 * K);
    check_real(name, "available", w->row.available, rows[i].available);
    check_real(name, "used", w->row.used, 1000 * K - rows[i].available);
    check_real(name, "percent", w->row.memory_percent,
               100 - rows[i].available / (10 * K));
    check_real(name, "free", w->row.free, rows[i].free);
    check_real(name, "cached", w->row.cached, rows[i].cached);
    check_real(name, "swap_free", w->row.swap_free, rows[i].swap_free);
    check_real(name, "swap_used", w->row.swap_used, rows[i].swap_used);
  }
  check_end();
}

/* One file is absent or cut: its numbers are, the others are not. */
static void check_failure(struct world *w, size_t file, const char *row) {
  check_true(row, "boot_time", isnan(w->row.boot_time) == (file == 0));
  check_true(row, "total", isnan(w->row.total) == (file == 1));
  check_true(row, "swap_used", isnan(w->row.swap_used) == (file == 1));
  check_true(row, "load15", isnan(w->row.load15) == (file == 2));
  check_true(row, "uptime", isnan(w->row.uptime) == (file == 3));
  check_u64(row, "cpus", w->sums.cpus, file == 0 ? 0 : 2);
  check_u64(row, "memory", w->sums.memory_bytes, file == 1 ? 0 : 1024000);
}

static void files_fail(void **state) {
  static const char *const files[] = {"stat", "meminfo", "loadavg", "uptime"};
  static const struct {
    const char *name, *text; /* NULL: absent */
    int status;
  } ways[] = {{"absent", NULL, -ENOENT}, {"cut", "x", -EINVAL}};
  for (size_t i = 0; i < CHECK_COUNT(files); i++)
    for (size_t k = 0; k < CHECK_COUNT(ways); k++) {
      char row[32], path[32];
      assert_int_equal(begin(state), 0);
      struct world *w = *state;
      snprintf(row, sizeof row, "%s is %s", files[i], ways[k].name);
      snprintf(path, sizeof path, "proc/%s", files[i]);
      fake_root_remove(w->fake, path);
      if (ways[k].text)
        fake_root_put(w->fake, path, ways[k].text);
      check_int(row, "status", read_at(w, 100 * S), ways[k].status);
      check_int(row, "number", w->err.num, -ways[k].status);
      check_true(row, "the text names it",
                 strstr(w->err.text, files[i]) != NULL);
      check_failure(w, i, row);
      end(state);
    }
  check_end();
}

/* The first fault is told; later ones do not write over it. */
static void first_fault_is_told(void **state) {
  static const char *const files[] = {"stat", "meminfo", "loadavg", "uptime"};
  struct world *w = *state;
  for (size_t i = CHECK_COUNT(files); i-- > 0;) {
    char path[32];
    snprintf(path, sizeof path, "proc/%s", files[i]);
    fake_root_put(w->fake, path, "cut");
    check_int(files[i], "status", read_at(w, 100 * S), -EINVAL);
    check_true(files[i], "is named, the ones behind it are not",
               strstr(w->err.text, files[i]) != NULL);
  }
  check_end();
}

/* A reading that failed leaves the base alone: the next one spans both. */
static void rates_go_on(void **state) {
  struct world *w = *state;
  read_at(w, 100 * S);
  fake_root_remove(w->fake, "proc/stat");
  check_int("lost", "status", read_at(w, 110 * S), -ENOENT);
  check_true("lost", "known", !w->sums.known);
  put_stat(w, "1000 100 1000 13000 500 10 20 30");
  check_int("found", "status", read_at(w, 120 * S), 0);
  check_u64("found", "wall", w->sums.wall_ns, 20 * S);
  check_real("found", "cpu", w->row.cpu, 25);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(first_reading, begin, end),
      cmocka_unit_test_setup_teardown(second_reading, begin, end),
      cmocka_unit_test_setup_teardown(steps, begin, end),
      cmocka_unit_test_setup_teardown(no_clock, begin, end),
      cmocka_unit_test_setup_teardown(clock_steps, begin, end),
      cmocka_unit_test_setup_teardown(impossible_memory, begin, end),
      cmocka_unit_test(files_fail),
      cmocka_unit_test_setup_teardown(first_fault_is_told, begin, end),
      cmocka_unit_test_setup_teardown(rates_go_on, begin, end),
  };
  return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
