/* The machine's files: old kernels, large machines, containers, cut texts. */
#include "core/parse/parse_sys.h"

#include "unit/support/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- stat ---- */

#define REST "intr 1 2 3\nctxt 4\nbtime 1700000001\nprocesses 5\n"

static void cpu_columns(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    struct pm_cpu_times want;
  } rows[] = {
      {"2.4, four columns",
       "cpu  10 20 30 40\ncpu0 10 20 30 40\n" REST,
       {.user = 10, .nice = 20, .system = 30, .idle = 40, .cpus = 1}},
      {"2.6.0, seven columns",
       "cpu  10 20 30 40 50 60 70\ncpu0 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 "
       "1\n" REST,
       {.user = 10,
        .nice = 20,
        .system = 30,
        .idle = 40,
        .iowait = 50,
        .irq = 60,
        .softirq = 70,
        .cpus = 2}},
      {"ten columns",
       "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n" REST,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, .cpus = 1}},
      {"columns still to come",
       "cpu  1 2 3 4 5 6 7 8 9 10 11 12\ncpu0 1 2 3 4\n" REST,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, .cpus = 1}},
      {"cpu 1 and 2 are offline",
       "cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu3 1 2 3 4\n" REST,
       {1, 2, 3, 4, .cpus = 2}},
      {"large numbers",
       "cpu  18446744073709551615 2 3 4\ncpu0 1 2 3 4\n" REST,
       {UINT64_MAX, 2, 3, 4, .cpus = 1}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_cpu_times t, want = rows[i].want;
    want.boot_time = 1700000001;
    memset(&t, 0, sizeof t);
    check_int(rows[i].name, "status", pm_parse_cpu(rows[i].text, &t), 0);
    check_u64(rows[i].name, "user", t.user, want.user);
    check_u64(rows[i].name, "nice", t.nice, want.nice);
    check_u64(rows[i].name, "system", t.system, want.system);
    check_u64(rows[i].name, "idle", t.idle, want.idle);
    check_u64(rows[i].name, "iowait", t.iowait, want.iowait);
    check_u64(rows[i].name, "irq", t.irq, want.irq);
    check_u64(rows[i].name, "softirq", t.softirq, want.softirq);
    check_u64(rows[i].name, "steal", t.steal, want.steal);
    check_u64(rows[i].name, "guest", t.guest, want.guest);
    check_u64(rows[i].name, "guest_nice", t.guest_nice, want.guest_nice);
    check_u64(rows[i].name, "cpus", t.cpus, want.cpus);
    check_u64(rows[i].name, "boot_time", t.boot_time, want.boot_time);
  }
  check_end();
}

enum { MANY = 1024, MANY_BYTES = MANY * 128 };

/* A machine with 1024 CPUs; its intr line is as long as they are. */
static char *many_cpus(void) {
  char *text = malloc(MANY_BYTES);
  assert_non_null(text);
  int n = snprintf(text, MANY_BYTES, "cpu  9 8 7 6 5 4 3 2 1 0\n");
  for (int i = 0; i < MANY; i++)
    n += snprintf(text + n, (size_t)(MANY_BYTES - n),
                  "cpu%d 1000000 1 2 30000000 4 5 6 7 8 9\n", i);
  n += snprintf(text + n, (size_t)(MANY_BYTES - n), "intr 77");
  for (int i = 0; i < 8 * MANY; i++)
    n += snprintf(text + n, (size_t)(MANY_BYTES - n), " 0");
  snprintf(text + n, (size_t)(MANY_BYTES - n), "\nctxt 1\nbtime 1600000000\n");
  return text;
}

static void cpu_many(void **state) {
  (void)state;
  struct pm_cpu_times t;
  char *text = many_cpus();
  check_int("1024 CPUs", "status", pm_parse_cpu(text, &t), 0);
  check_u64("1024 CPUs", "cpus", t.cpus, MANY);
  check_u64("1024 CPUs", "user", t.user, 9);
  check_u64("1024 CPUs", "boot_time", t.boot_time, 1600000000);
  /* as after a read that was too short for all of them */
  text[MANY * 20] = '\0';
  check_int("1024 CPUs, cut", "status", pm_parse_cpu(text, &t), -EINVAL);
  free(text);
  check_end();
}

static void cpu_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
  } rows[] = {
      {"empty", ""},
      {"three columns", "cpu  1 2 3\ncpu0 1 2 3\n" REST},
      {"no CPU", "cpu  1 2 3 4\n" REST},
      {"no boot time", "cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 1\n"},
      {"another file", "MemTotal:  1 kB\n"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_cpu_times t, before;
    memset(&before, 0x5a, sizeof before);
    memcpy(&t, &before, sizeof t);
    check_int(rows[i].name, "status", pm_parse_cpu(rows[i].text, &t), -EINVAL);
    check_bytes(rows[i].name, "output", &t, &before, sizeof t);
  }
  check_end();
}

static void cpu_cut(void **state) {
  (void)state;
  static const char text[] = "cpu  100 200 300 400\ncpu0 50 60 70 80\n"
                             "cpu1 50 60 70 80\n" REST;
  size_t enough = (size_t)(strstr(text, "processes") - text);
  for (size_t n = 0; n < sizeof text - 1; n++) {
    char row[32], *cut = strndup(text, n);
    struct pm_cpu_times t = {.cpus = 9};
    snprintf(row, sizeof row, "cut at %zu", n);
    int status = pm_parse_cpu(cut, &t);
    check_int(row, "status", status, n < enough ? -EINVAL : 0);
    check_u64(row, "cpus", t.cpus, n < enough ? 9 : 2);
    check_u64(row, "boot_time", t.boot_time, n < enough ? 0 : 1700000001);
    free(cut);
  }
  check_end();
}

/* ---- meminfo ---- */

#define KB 1024

static void memory_texts(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    struct pm_memory want;
  } rows[] = {
      {"all lines",
       "MemTotal:  1000 kB\nMemFree:  200 kB\nMemAvailable: 600 kB\n"
       "Buffers: 30 kB\nCached: 400 kB\nSwapCached: 5 kB\nSwapTotal: 50 kB\n"
       "SwapFree: 40 kB\nSReclaimable: 60 kB\n",
       {1000 * KB, 200 * KB, 600 * KB, 30 * KB, 400 * KB, 60 * KB, 50 * KB,
        40 * KB}},
      {"no MemAvailable, before 3.14",
       "MemTotal:  1000 kB\nMemFree:  200 kB\nBuffers: 30 kB\n"
       "Cached: 400 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
       {1000 * KB, 200 * KB, 200 * KB, 30 * KB, 400 * KB, 0, 0, 0}},
      {"lxcfs: more available than there is",
       "MemTotal:  1000 kB\nMemFree:  200 kB\nMemAvailable: 9000 kB\n"
       "Buffers: 0 kB\nCached: 400 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
       {1000 * KB, 200 * KB, 200 * KB, 0, 400 * KB, 0, 0, 0}},
      {"all of it available",
       "MemTotal: 1000 kB\nMemFree: 900 kB\nMemAvailable: 1000 kB\n"
       "Buffers: 0 kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
       {1000 * KB, 900 * KB, 1000 * KB, 0, 0, 0, 0, 0}},
      {"Cached is not SwapCached",
       "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 2 kB\nBuffers: 3 kB\n"
       "SwapCached: 77 kB\nCached: 4 kB\nSwapTotal: 5 kB\nSwapFree: 6 kB\n",
       {1000 * KB, 1 * KB, 2 * KB, 3 * KB, 4 * KB, 0, 5 * KB, 6 * KB}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_memory m = {0};
    const struct pm_memory *want = &rows[i].want;
    check_int(rows[i].name, "status", pm_parse_memory(rows[i].text, &m), 0);
    check_u64(rows[i].name, "total", m.total, want->total);
    check_u64(rows[i].name, "free", m.free, want->free);
    check_u64(rows[i].name, "available", m.available, want->available);
    check_u64(rows[i].name, "buffers", m.buffers, want->buffers);
    check_u64(rows[i].name, "cached", m.cached, want->cached);
    check_u64(rows[i].name, "reclaimable", m.reclaimable, want->reclaimable);
    check_u64(rows[i].name, "swap_total", m.swap_total, want->swap_total);
    check_u64(rows[i].name, "swap_free", m.swap_free, want->swap_free);
  }
  check_end();
}

static void memory_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
  } rows[] = {
      {"empty", ""},
      {"nothing in total", "MemTotal: 0 kB\nMemFree: 0 kB\nBuffers: 0 kB\n"
                           "Cached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"},
      {"no MemFree", "MemTotal: 9 kB\nBuffers: 0 kB\nCached: 0 kB\n"
                     "SwapTotal: 0 kB\nSwapFree: 0 kB\n"},
      {"no swap lines", "MemTotal: 9 kB\nMemFree: 1 kB\nBuffers: 0 kB\n"
                        "Cached: 0 kB\n"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_memory m, before;
    memset(&before, 0x5a, sizeof before);
    memcpy(&m, &before, sizeof m);
    check_int(rows[i].name, "status", pm_parse_memory(rows[i].text, &m),
              -EINVAL);
    check_bytes(rows[i].name, "output", &m, &before, sizeof m);
  }
  check_end();
}

/* Each number is whole, or it is refused; SReclaimable comes last and older
 * kernels lack it. */
static void memory_cut(void **state) {
  (void)state;
  static const char text[] =
      "MemTotal:  1000 kB\nMemFree:  2222 kB\nMemAvailable: 666 kB\n"
      "Buffers: 3333 kB\nCached: 4444 kB\nSwapTotal: 5555 kB\n"
      "SwapFree: 4141 kB\nSReclaimable: 6060 kB\n";
  size_t enough = (size_t)(strstr(text, "SReclaimable") - text);
  for (size_t n = 0; n < sizeof text - 1; n++) {
    char row[32], *cut = strndup(text, n);
    struct pm_memory m = {0};
    snprintf(row, sizeof row, "cut at %zu", n);
    int status = pm_parse_memory(cut, &m);
    check_true(row, "refused while lines are missing",
               status == -EINVAL || n >= enough);
    check_u64(row, "swap_free", m.swap_free, status < 0 ? 0 : 4141 * KB);
    check_u64(row, "reclaimable", m.reclaimable, 0);
    free(cut);
  }
  check_end();
}

/* ---- loadavg, uptime ---- */

static void loads(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    double want[3];
  } rows[] = {
      {"as always", "0.52 1.58 12.59 1/467 12345\n", 0, {0.52, 1.58, 12.59}},
      {"idle", "0.00 0.00 0.00 1/50 9\n", 0, {0, 0, 0}},
      {"thousands",
       "4096.01 2048.02 1024.03 9/9 9\n",
       0,
       {4096.01, 2048.02, 1024.03}},
      {"empty", "", -EINVAL, {-1, -1, -1}},
      {"two", "0.52 1.58\n", -EINVAL, {-1, -1, -1}},
      {"words", "a b c\n", -EINVAL, {-1, -1, -1}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    double l[3] = {-1, -1, -1};
    check_int(rows[i].name, "status", pm_parse_load(rows[i].text, l),
              rows[i].status);
    for (size_t k = 0; k < 3; k++)
      check_real(rows[i].name, "load", l[k], rows[i].want[k]);
  }
  check_end();
}

static void uptimes(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    double want;
  } rows[] = {
      {"as always", "12345.67 8888.88\n", 0, 12345.67},
      {"just booted", "0.01 0.00\n", 0, 0.01},
      {"ten years", "315360000.00 1.00\n", 0, 315360000},
      {"empty", "", -EINVAL, -1},
      {"a word", "up\n", -EINVAL, -1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    double seconds = -1;
    check_int(rows[i].name, "status", pm_parse_uptime(rows[i].text, &seconds),
              rows[i].status);
    check_real(rows[i].name, "uptime", seconds, rows[i].want);
  }
  check_end();
}

/* A file that was cut must not be taken for a whole one. */
static void cut_in_half(void **state) {
  (void)state;
  double l[3] = {-1, -1, -1}, seconds = -1;
  check_int("loadavg", "status", pm_parse_load("0.52 1.58 12.5", l), -EINVAL);
  check_real("loadavg", "third", l[2], -1);
  check_int("uptime", "status", pm_parse_uptime("12345.6", &seconds), -EINVAL);
  check_real("uptime", "seconds", seconds, -1);
  check_end();
}

static void lines_that_make_no_sense(void **state) {
  (void)state;
  struct pm_cpu_times t = {.cpus = 9};
  struct pm_mount m = {.point = "p"};
  char text[] = "1 2 8:1 - ext4 /dev/x rw\n", *cursor = text;
  check_int("stat without the sum of all", "status",
            pm_parse_cpu("cpu0 1 2 3 4 5 6 7 8 9 10\n" REST, &t), -EINVAL);
  check_u64("stat without the sum of all", "cpus", t.cpus, 9);
  check_int("no mount point", "status", pm_parse_mount(&cursor, &m), -EINVAL);
  check_text("no mount point", "point", m.point, "p");
  check_end();
}

/* ---- mountinfo ---- */

static void mount_lines(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    uint32_t id, parent, major, minor;
    const char *point, *type, *source;
  } rows[] = {
      {"the root", "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n", 0, 26, 1,
       254, 0, "/", "ext4", "/dev/vda"},
      {"one optional field",
       "36 35 98:2 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n", 0,
       36, 35, 98, 2, "/mnt2", "ext3", "/dev/root"},
      {"many optional fields",
       "36 35 8:1 / /a rw shared:1 master:2 propagate_from:3 unbindable - xfs "
       "/dev/sda1 rw\n",
       0, 36, 35, 8, 1, "/a", "xfs", "/dev/sda1"},
      {"blank, tab, newline, backslash",
       "1 2 8:1 / /a\\040b\\011c\\012d\\134e rw - ext4 /dev/my\\040disk rw\n",
       0, 1, 2, 8, 1, "/a b\tc\nd\\e", "ext4", "/dev/my disk"},
      {"an escape at the end", "1 2 8:1 / /a\\040 rw - ext4 /dev/x\\040 rw\n",
       0, 1, 2, 8, 1, "/a ", "ext4", "/dev/x "},
      {"a dash in the path", "1 2 8:1 / /a-b/- rw - ext4 /dev/x rw\n", 0, 1, 2,
       8, 1, "/a-b/-", "ext4", "/dev/x"},
      {"network", "1 2 0:50 / /net rw - nfs4 server:/export rw,vers=4.2\n", 0,
       1, 2, 0, 50, "/net", "nfs4", "server:/export"},
      {"no source", "1 2 0:51 / /t rw - tmpfs  rw\n", 0, 1, 2, 0, 51, "/t",
       "tmpfs", ""},
      {"an escape that is cut", "1 2 8:1 / /a\\04 rw - ext4 /dev/x\\ rw\n", 0,
       1, 2, 8, 1, "/a\\04", "ext4", "/dev/x\\"},
      {"no parent", "1 x 8:1 / /a rw - ext4 /dev/x rw\n", -EINVAL, 9, 9, 9, 9,
       "p", "t", "s"},
      {"no point", "1 2 8:1 /  rw - ext4 /dev/x rw\n", -EINVAL, 9, 9, 9, 9, "p",
       "t", "s"},
      {"nothing behind the source", "1 2 8:1 / /a rw - ext4 /dev/x\n", -EINVAL,
       9, 9, 9, 9, "p", "t", "s"},
      {"no dash", "1 2 8:1 / /a rw ext4 /dev/x rw\n", -EINVAL, 9, 9, 9, 9, "p",
       "t", "s"},
      {"no device", "1 2 x / /a rw - ext4 /dev/x rw\n", -EINVAL, 9, 9, 9, 9,
       "p", "t", "s"},
      {"nothing behind the dash", "1 2 8:1 / /a rw - \n", -EINVAL, 9, 9, 9, 9,
       "p", "t", "s"},
      {"an empty line", "\n", -EINVAL, 9, 9, 9, 9, "p", "t", "s"},
      {"the last line is cut", "1 2 8:1 / /a rw - ext4 /dev/sd", -EINVAL, 9, 9,
       9, 9, "p", "t", "s"},
      {"the end", "", 1, 9, 9, 9, 9, "p", "t", "s"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_mount m = {9, 9, 9, 9, "p", "t", "s"};
    char *text = strdup(rows[i].text), *cursor = text;
    check_int(rows[i].name, "status", pm_parse_mount(&cursor, &m),
              rows[i].status);
    check_int(rows[i].name, "cursor", cursor - text,
              (int64_t)strlen(rows[i].text));
    check_u64(rows[i].name, "id", m.id, rows[i].id);
    check_u64(rows[i].name, "parent", m.parent, rows[i].parent);
    check_u64(rows[i].name, "major", m.major, rows[i].major);
    check_u64(rows[i].name, "minor", m.minor, rows[i].minor);
    check_text(rows[i].name, "point", m.point, rows[i].point);
    check_text(rows[i].name, "type", m.type, rows[i].type);
    check_text(rows[i].name, "source", m.source, rows[i].source);
    if (rows[i].status)
      check_text(rows[i].name, "it is as it was", text, rows[i].text);
    free(text);
  }
  check_end();
}

/* A bad line is passed over, the next one is read. */
static void mount_walk(void **state) {
  (void)state;
  char text[] = "1 0 8:1 / / rw - ext4 /dev/a rw\n"
                "this is no mount\n"
                "2 1 8:2 / /b rw - ext4 /dev/b rw\n"
                "3 1 8:3 / /c rw - ext4 /dev/";
  static const int want[] = {0, -EINVAL, 0, -EINVAL, 1, 1};
  char *cursor = text;
  struct pm_mount m = {0};
  for (size_t i = 0; i < CHECK_COUNT(want); i++) {
    char row[16];
    snprintf(row, sizeof row, "line %zu", i + 1);
    check_int(row, "status", pm_parse_mount(&cursor, &m), want[i]);
  }
  check_text("walk", "the last whole one", m.point, "/b");
  check_end();
}

/* Of any length: cut it would be another path. */
static void mount_long(void **state) {
  (void)state;
  static const size_t lengths[] = {511, 512, 4095};
  for (size_t i = 0; i < CHECK_COUNT(lengths); i++) {
    char row[16], *text, *cursor;
    struct pm_mount m;
    int n = (int)lengths[i];
    snprintf(row, sizeof row, "%d bytes", n);
    assert_true(asprintf(&text, "1 2 8:1 / /%0*d rw - ext4 %0*d rw\n", n - 1, 0,
                         n, 0) > 0);
    cursor = text;
    if (check_int(row, "status", pm_parse_mount(&cursor, &m), 0)) {
      check_u64(row, "point", strlen(m.point), lengths[i]);
      check_u64(row, "source", strlen(m.source), lengths[i]);
    }
    free(text);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cpu_columns),
      cmocka_unit_test(cpu_many),
      cmocka_unit_test(cpu_refused),
      cmocka_unit_test(cpu_cut),
      cmocka_unit_test(memory_texts),
      cmocka_unit_test(memory_refused),
      cmocka_unit_test(memory_cut),
      cmocka_unit_test(loads),
      cmocka_unit_test(uptimes),
      cmocka_unit_test(cut_in_half),
      cmocka_unit_test(lines_that_make_no_sense),
      cmocka_unit_test(mount_lines),
      cmocka_unit_test(mount_walk),
      cmocka_unit_test(mount_long),
  };
  return cmocka_run_group_tests_name("parse_sys", tests, NULL, NULL);
}
