/* The files of one process, as the kernel writes them and as they come when
 * somebody cuts them. */
#include "core/parse/parse_pid.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const struct pm_units units = {.tick_ns = 10000000, .page_bytes = 4096};

static const struct fake_process sample = {
    .pid = 4321,
    .comm = "worker",
    .state = 'R',
    .ppid = 12,
    .flags = 0x400140,
    .minor = 1001,
    .reaped_minor = 1002,
    .major = 1003,
    .utime = 250,
    .stime = 75,
    .threads = 6,
    .birth = 98765,
    .vsize = 123456789,
    .rss_pages = 321,
    .startcode = 0x5600000,
    .startstack = 0x7ff0010,
};

static int parse(const struct fake_process *p, struct pm_task *ret) {
  char text[1024];
  return pm_parse_task(text, fake_stat(p, text, sizeof text), units, ret);
}

/* ---- stat ---- */

static void stat_fields(void **state) {
  (void)state;
  struct pm_task t;
  check_int("stat", "status", parse(&sample, &t), 0);
  check_int("stat", "pid", t.pid, 4321);
  check_int("stat", "ppid", t.ppid, 12);
  check_int("stat", "state", t.state, 'R');
  check_text("stat", "comm", t.comm, "worker");
  check_u64("stat", "birth", t.birth, 98765);
  check_u64("stat", "reaped_faults", t.reaped_faults, 1002);
  check_u64("stat", "flags", t.flags, 0);
  check_u64("stat", "have", t.have,
            PM_HAVE_CPU | PM_BIT(PM_F_faults_minor) |
                PM_BIT(PM_F_faults_major) | PM_BIT(PM_F_threads) |
                PM_BIT(PM_F_vsize) | PM_BIT(PM_F_rss) | PM_BIT(PM_F_birth));
  static const struct {
    const char *name;
    enum pm_field field;
    uint64_t want;
  } rows[] = {
      {"faults_minor", PM_F_faults_minor, 1001},
      {"faults_major", PM_F_faults_major, 1003},
      {"cpu_user", PM_F_cpu_user, 2500000000},
      {"cpu_system", PM_F_cpu_system, 750000000},
      {"threads", PM_F_threads, 6},
      {"vsize", PM_F_vsize, 123456789},
      {"rss", PM_F_rss, 321 * 4096},
      {"birth", PM_F_birth, 98765},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_u64("stat", rows[i].name, t.v[rows[i].field], rows[i].want);
  check_end();
}

static void stat_comms(void **state) {
  (void)state;
  static const struct {
    const char *name, *comm, *want;
  } rows[] = {
      {"plain", "bash", "bash"},
      {"a space", "tmux: server", "tmux: server"},
      {"empty", "", ""},
      {"only a blank", " ", " "},
      {"closed first", ") S 1 (", ") S 1 ("},
      {"opened only", "((((", "(((("},
      {"closed only", "))))", "))))"},
      {"like fields", "x) R 1 2 3", "x) R 1 2 3"},
      {"a newline", "two\nlines", "two\nlines"},
      {"ends in newline", "end)\n", "end)\n"},
      {"not UTF-8", "\xff\xfe\x80", "\xff\xfe\x80"},
      {"control bytes", "\x01\x1b[31m", "\x01\x1b[31m"},
      {"15 bytes", "123456789012345", "123456789012345"},
      {"16 bytes", "1234567890123456", "123456789012345"},
      {"a worker of the kernel", "kworker/u8:2-events_unbound",
       "kworker/u8:2-ev"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct fake_process p = sample;
    struct pm_task t;
    p.comm = rows[i].comm;
    if (!check_int(rows[i].name, "status", parse(&p, &t), 0))
      continue;
    check_text(rows[i].name, "comm", t.comm, rows[i].want);
    check_int(rows[i].name, "pid", t.pid, 4321);
    check_int(rows[i].name, "state", t.state, 'R');
    check_u64(rows[i].name, "birth", t.birth, 98765);
  }
  check_end();
}

/* PF_KTHREAD is one bit of many. */
static void stat_kernel_threads(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t flags;
    uint32_t want;
  } rows[] = {
      {"kthreadd", 2129984, PM_TASK_KERNEL},
      {"an idle worker", 69238880, PM_TASK_KERNEL},
      {"only the bit", 0x00200000, PM_TASK_KERNEL},
      {"a shell", 4194560, 0},
      {"every other bit", 0xffdfffff, 0},
      {"no bit", 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct fake_process p = sample;
    struct pm_task t = {0};
    p.flags = rows[i].flags;
    check_int(rows[i].name, "status", parse(&p, &t), 0);
    check_u64(rows[i].name, "flags", t.flags, rows[i].want);
  }
  check_end();
}

static void stat_exec_mark(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t code, stack;
    bool same;
  } rows[] = {
      {"nothing changed", 0x5600000, 0x7ff0010, true},
      {"other code", 0x5601000, 0x7ff0010, false},
      {"other stack", 0x5600000, 0x7ff0020, false},
      {"both denied", 0, 0, false},
  };
  struct pm_task before;
  check_int("before", "status", parse(&sample, &before), 0);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct fake_process p = sample;
    struct pm_task t = {0};
    p.startcode = rows[i].code;
    p.startstack = rows[i].stack;
    check_int(rows[i].name, "status", parse(&p, &t), 0);
    check_true(rows[i].name, "same mark as before",
               (t.exec_mark == before.exec_mark) == rows[i].same);
    check_true(rows[i].name, "0 only when denied",
               (t.exec_mark == 0) == (rows[i].code == 0));
  }
  check_end();
}

/* The text up to and with the blank behind its n-th blank-separated word that
 * follows the name. */
static size_t length_of_fields(const char *text, int last) {
  const char *p = strrchr(text, ')') + 2; /* field 3 */
  for (int field = 3; field <= last; field++)
    p = strchr(p, ' ') + 1;
  return (size_t)(p - text);
}

/* Cut anywhere, it is refused, or whole as far as we read it. */
static void stat_cut(void **state) {
  (void)state;
  char text[1024], row[32];
  size_t length = fake_stat(&sample, text, sizeof text);
  size_t enough = length_of_fields(text, 28);
  struct pm_task whole, untouched;
  check_int("whole", "status", pm_parse_task(text, length, units, &whole), 0);
  memset(&untouched, 0x5a, sizeof untouched);
  for (size_t n = 0; n < length; n++) {
    char *cut = malloc(n ? n : 1); /* a sanitizer sees who reads on */
    memcpy(cut, text, n);
    struct pm_task t;
    memcpy(&t, &untouched, sizeof t);
    snprintf(row, sizeof row, "cut at %zu", n);
    int status = pm_parse_task(cut, n, units, &t);
    check_int(row, "status", status, n < enough ? -EINVAL : 0);
    check_bytes(row, "output", &t, status < 0 ? &untouched : &whole, sizeof t);
    free(cut);
  }
  check_end();
}

static void stat_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
  } rows[] = {
      {"empty", ""},
      {"no name",
       "1 S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 1 1 1 1 1 1 0\n"},
      {"name not closed", "1 (x S 1 1 1 0 -1 0 0 0"},
      {"closed before it opens", "1 )x( S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20"},
      {"a word among the numbers",
       "1 (x) S 1 1 1 0 -1 0 0 0 x 0 0 0 0 0 20 0 1 0 9 1 1 1 1 1 1 0\n"},
      {"closed first, whole numbers behind",
       "1 ) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 1 1 1 1 1 1 0 (\n"},
      {"only a sign",
       "1 (x) S 1 1 1 0 - 0 0 0 0 0 0 0 0 0 20 0 1 0 9 1 1 1 1 1 1 0\n"},
      {"born at 0",
       "1 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 1 1 1 1 1 1 0\n"},
      {"too few fields",
       "1 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 1 1\n"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_task t, untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    memcpy(&t, &untouched, sizeof t);
    check_int(rows[i].name, "status",
              pm_parse_task(rows[i].text, strlen(rows[i].text), units, &t),
              -EINVAL);
    check_bytes(rows[i].name, "output", &t, &untouched, sizeof t);
  }
  check_end();
}

/* ---- io ---- */

static const char io_text[] = "rchar: 323934931\n"
                              "wchar: 323929600\n"
                              "syscr: 632687\n"
                              "syscw: 632675\n"
                              "read_bytes: 4096\n"
                              "write_bytes: 323932160\n"
                              "cancelled_write_bytes: 77\n";

static void io_fields(void **state) {
  (void)state;
  struct pm_task t = {.have = PM_BIT(PM_F_rss)};
  check_int("io", "status", pm_parse_io(io_text, &t), 0);
  check_u64("io", "have", t.have, PM_HAVE_IO | PM_BIT(PM_F_rss));
  check_u64("io", "io_read", t.v[PM_F_io_read], 323934931);
  check_u64("io", "io_write", t.v[PM_F_io_write], 323929600);
  check_u64("io", "disk_read", t.v[PM_F_disk_read], 4096);
  check_u64("io", "disk_write", t.v[PM_F_disk_write], 323932160);
  check_end();
}

/* Tries every beginning of a text.  `enough` bytes and more must be taken,
 * fewer refused. */
static void each_cut(const char *text, size_t enough,
                     bool (*takes)(const char *cut, const char *row)) {
  for (size_t n = 0; n < strlen(text); n++) {
    char row[32], *cut = strndup(text, n);
    snprintf(row, sizeof row, "cut at %zu", n);
    check_true(row, n < enough ? "refused" : "taken",
               takes(cut, row) == (n >= enough));
    free(cut);
  }
}

/* How many bytes of text reach to the end of what stands in it. */
static size_t through(const char *text, const char *what) {
  return (size_t)(strstr(text, what) - text) + strlen(what);
}

static bool takes_io(const char *cut, const char *row) {
  struct pm_task t = {.have = 0};
  int status = pm_parse_io(cut, &t);
  check_u64(row, "have", t.have, status < 0 ? 0 : PM_HAVE_IO);
  check_u64(row, "disk_write", t.v[PM_F_disk_write],
            status < 0 ? 0 : 323932160);
  return status == 0;
}

static void io_cut(void **state) {
  (void)state;
  each_cut(io_text, through(io_text, "write_bytes: 323932160\n"), takes_io);
  check_end();
}

static void io_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
  } rows[] = {
      {"empty", ""},
      {"a line is missing", "rchar: 1\nwchar: 2\nread_bytes: 3\n"},
      {"no number", "rchar: 1\nwchar: x\nread_bytes: 3\nwrite_bytes: 4\n"},
      {"only what was cancelled",
       "rchar: 1\nwchar: 2\nread_bytes: 3\ncancelled_write_bytes: 4\n"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_task t = {.have = 0};
    check_int(rows[i].name, "status", pm_parse_io(rows[i].text, &t), -EINVAL);
    check_u64(rows[i].name, "have", t.have, 0);
  }
  check_end();
}

/* ---- status ---- */

static void status_texts(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    uint32_t euid;
    bool swap_known;
    uint64_t swap;
  } rows[] = {
      {"a process",
       "Name:\tcat\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\n"
       "Gid:\t5\t6\t7\t8\nVmRSS:\t    1024 kB\nVmSwap:\t      12 kB\n",
       0, 1001, true, 12288},
      {"nothing swapped", "Name:\tcat\nUid:\t0\t0\t0\t0\nVmSwap:\t 0 kB\n", 0,
       0, true, 0},
      {"the most that fits",
       "Name:\tcat\nUid:\t0\t0\t0\t0\nVmSwap:\t 18014398509481983 kB\n", 0, 0,
       true, 18446744073709550592u},
      {"2^64 bytes",
       "Name:\tcat\nUid:\t0\t0\t0\t0\nVmSwap:\t 18014398509481984 kB\n", 0, 0,
       false, 0},
      {"less than nothing, and as a number without a sign",
       "Name:\tcat\nUid:\t0\t0\t0\t0\nVmSwap:\t 18446744073709551612 kB\n", 0,
       0, false, 0},
      {"a thread of the kernel", "Name:\tkthreadd\nUid:\t0\t0\t0\t0\n", 0, 0,
       false, 0},
      {"nobody's uid", "Name:\tx\nUid:\t1\t4294967294\t1\t1\n", 0, 4294967294,
       false, 0},
      {"a name that looks like a line",
       "Name:\tUid:\t7\\nUid:\t8\nUid:\t1\t2\t3\t4\n", 0, 2, false, 0},
      {"no uid", "Name:\tcat\nVmSwap:\t 12 kB\n", -EINVAL, 9, true, 9},
      {"too few uids", "Name:\tcat\nUid:\t1\t2\t3\n", -EINVAL, 9, true, 9},
      {"too many", "Name:\tcat\nUid:\t1\t2\t3\t4\t5\n", -EINVAL, 9, true, 9},
      {"uid is no number", "Name:\tcat\nUid:\tx\ty\n", -EINVAL, 9, true, 9},
      {"empty", "", -EINVAL, 9, true, 9},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_status s = {.uid = {[PM_ID_EFFECTIVE] = 9},
                          .known = PM_STATUS_SWAP,
                          .swap_bytes = 9};
    check_int(rows[i].name, "status", pm_parse_status(rows[i].text, &s),
              rows[i].status);
    check_u64(rows[i].name, "euid", s.uid[PM_ID_EFFECTIVE], rows[i].euid);
    check_true(rows[i].name, "swap_known",
               !(s.known & PM_STATUS_SWAP) == !rows[i].swap_known);
    check_u64(rows[i].name, "swap", s.swap_bytes, rows[i].swap);
  }
  check_end();
}

/* What does not fit is not known, never a small number. */
static void products(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t rss_pages, utime;
    bool rss, cpu;
  } rows[] = {
      {"the most that fits", UINT64_MAX / 4096, UINT64_MAX / 10000000, true,
       true},
      {"too many pages", UINT64_MAX / 4096 + 1, 1, false, true},
      {"too many ticks", 1, UINT64_MAX / 10000000 + 1, true, false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct fake_process p = sample;
    struct pm_task t;
    p.rss_pages = rows[i].rss_pages;
    p.utime = rows[i].utime;
    check_int(rows[i].name, "status", parse(&p, &t), 0);
    check_true(rows[i].name, "rss",
               !(t.have & PM_BIT(PM_F_rss)) == !rows[i].rss);
    check_true(rows[i].name, "cpu",
               !(t.have & PM_BIT(PM_F_cpu_user)) == !rows[i].cpu);
  }
  check_end();
}

static void status_ids(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    bool gid_known;
    uint32_t uid[PM_IDS], gid[PM_IDS];
  } rows[] = {
      {"all",
       "Name:\tx\nUid:\t1\t2\t3\t4294967295\nGid:\t5\t6\t7\t8\n",
       true,
       {1, 2, 3, 4294967295},
       {5, 6, 7, 8}},
      {"no group", "Name:\tx\nUid:\t1\t2\t3\t4\n", false, {1, 2, 3, 4}, {0}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_status s;
    check_int(rows[i].name, "status", pm_parse_status(rows[i].text, &s), 0);
    check_bytes(rows[i].name, "uid", s.uid, rows[i].uid, sizeof s.uid);
    check_true(rows[i].name, "known",
               !(s.known & PM_STATUS_GIDS) == !rows[i].gid_known);
    if (rows[i].gid_known)
      check_bytes(rows[i].name, "gid", s.gid, rows[i].gid, sizeof s.gid);
  }
  struct pm_status s;
  check_int("cut", "in the last uid",
            pm_parse_status("Name:\tx\nUid:\t1\t2\t3\t42", &s), -EINVAL);
  check_int("cut", "in the last gid",
            pm_parse_status("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4", &s),
            0);
  check_true("cut", "in the last gid: not known", !(s.known & PM_STATUS_GIDS));
  check_end();
}

static void status_rest(void **state) {
  (void)state;
  enum {
    ALL = PM_STATUS_UIDS | PM_STATUS_PERMITTED | PM_STATUS_EFFECTIVE |
          PM_STATUS_BOUNDING | PM_STATUS_NO_NEW_PRIVS | PM_STATUS_SECCOMP |
          PM_STATUS_ONLY_PID
  };
  static const char uids[] = "Uid:\t1\t2\t3\t4\n";
  static const struct {
    const char *name, *text;
    unsigned known;
    struct pm_status want;
  } rows[] = {
      {"all",
       "NSpid:\t77\nCapPrm:\t00000000a80425fb\nCapEff:\tff\n"
       "CapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n",
       ALL,
       {.permitted = 0xa80425fb,
        .effective = 0xff,
        .bounding = UINT64_C(0x1ffffffffff),
        .no_new_privs = 1,
        .seccomp = 2,
        .only_pid = 77}},
      {"seen from an outer pid namespace",
       "NSpid:\t77\t12\t1\n",
       PM_STATUS_UIDS,
       {0}},
      {"a name that is a key",
       "Name:\tSeccomp:\t2\nSeccomp:\t0\n",
       PM_STATUS_UIDS | PM_STATUS_SECCOMP,
       {0}},
      {"keys that only begin or end alike",
       "Seccomp_filters:\t3\nXSeccomp:\t2\nNSpids:\t4\n",
       PM_STATUS_UIDS,
       {0}},
      {"no numbers",
       "CapEff:\txyz\nSeccomp:\t\nNoNewPrivs:\t1x\n",
       PM_STATUS_UIDS,
       {0}},
      {"cut before the line's end", "Seccomp:\t2", PM_STATUS_UIDS, {0}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[512];
    struct pm_status s;
    snprintf(text, sizeof text, "%s%s", uids, rows[i].text);
    check_int(rows[i].name, "status", pm_parse_status(text, &s), 0);
    check_u64(rows[i].name, "known", s.known, rows[i].known);
    check_u64(rows[i].name, "permitted", s.permitted, rows[i].want.permitted);
    check_u64(rows[i].name, "effective", s.effective, rows[i].want.effective);
    check_u64(rows[i].name, "bounding", s.bounding, rows[i].want.bounding);
    check_u64(rows[i].name, "no_new_privs", s.no_new_privs,
              rows[i].want.no_new_privs);
    check_u64(rows[i].name, "seccomp", s.seccomp, rows[i].want.seccomp);
    check_u64(rows[i].name, "only_pid", s.only_pid, rows[i].want.only_pid);
  }
  check_end();
}

/* The line of supplementary groups has no limit. */
static void status_long_line(void **state) {
  (void)state;
  enum { GROUPS = 65536 };
  char *text = malloc(GROUPS * 12 + 256), *at = text;
  at += sprintf(at, "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t");
  for (unsigned i = 0; i < GROUPS; i++)
    at += sprintf(at, "%u ", 4000000000U + i);
  sprintf(at, "\nNSpid:\t9\nCapEff:\t3\n");
  struct pm_status s;
  check_int("65536 groups", "status", pm_parse_status(text, &s), 0);
  check_u64("65536 groups", "only_pid", s.only_pid, 9);
  check_u64("65536 groups", "effective", s.effective, 3);
  free(text);
  check_end();
}

static void command_lines(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    size_t length, size;
    const char *want;
  } rows[] = {
      {"arguments", "a\0-b\0c\0", 7, 64, "a -b c"},
      {"none", "", 0, 64, ""},
      {"NULs alone", "\0\0\0", 3, 64, ""},
      {"a title, and what was there before", "nginx: worker\0\0\0\0", 17, 64,
       "nginx: worker"},
      {"an empty argument", "a\0\0b\0", 5, 64, "a  b"},
      {"no NUL at the end", "a\0b", 3, 64, "a b"},
      {"cut", "abc\0def\0", 8, 6, "abc d"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[64];
    size_t n =
        pm_parse_cmdline(rows[i].text, rows[i].length, got, rows[i].size);
    check_text(rows[i].name, "text", got, rows[i].want);
    check_u64(rows[i].name, "length", n, strlen(rows[i].want));
  }
  check_end();
}

/* What procman-hold asks of stat beside what the samplers do. */
static void stat_of_a_group(void **state) {
  (void)state;
  static const char text[] =
      "12 (a) b) S 3 40 50 34816 40 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123 4096 "
      "77 18446744073709551615 11 12 13 0 0\n";
  struct pm_stat s;
  check_int("stat", "status", pm_parse_stat(text, sizeof text - 1, &s), 0);
  check_int("stat", "pid", s.pid, 12);
  check_text("stat", "comm", s.comm, "a) b");
  check_int("stat", "ppid", s.ppid, 3);
  check_int("stat", "group", s.group, 40);
  check_int("stat", "session", s.session, 50);
  check_u64("stat", "flags", s.flags, 4194304);
  check_u64("stat", "threads", s.threads, 9);
  check_u64("stat", "birth", s.birth, 123);
  check_u64("stat", "vsize", s.vsize_bytes, 4096);
  check_u64("stat", "rss", s.rss_pages, 77);
  check_u64("stat", "startstack", s.startstack, 13);
  static const char released[] = "12 (a) X 0 -1 -1 0 -1 4194304 1 2 3 4 5 6 7 "
                                 "8 20 0 1 0 123 0 0 0 0 0 0 0 "
                                 "0\n";
  check_int("released", "status",
            pm_parse_stat(released, sizeof released - 1, &s), 0);
  check_int("released", "group", s.group, -1);
  check_int("released", "session", s.session, -1);
  check_end();
}

/* The swap line may be absent, so a cut before it cannot be seen; a number cut
 * in half must be. */
static void status_cut(void **state) {
  (void)state;
  static const char text[] = "Name:\tcat\nUid:\t1000\t1001\t1002\t1003\n"
                             "Gid:\t5\t6\t7\t8\nVmSwap:\t    8192 kB\n"
                             "Threads:\t1\n";
  for (size_t n = 0; n < sizeof text - 1; n++) {
    char row[32], *cut = strndup(text, n);
    struct pm_status s = {.uid = {[PM_ID_EFFECTIVE] = 9}};
    int status = pm_parse_status(cut, &s);
    snprintf(row, sizeof row, "cut at %zu", n);
    check_u64(row, "euid", s.uid[PM_ID_EFFECTIVE], status < 0 ? 9 : 1001);
    check_u64(row, "swap", s.swap_bytes,
              s.known & PM_STATUS_SWAP ? 8192 * 1024 : 0);
    free(cut);
  }
  check_end();
}

/* ---- cgroup ---- */

static void cgroup_texts(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    const char *want;
  } rows[] = {
      {"v2", "0::/system.slice/nginx.service\n", 0,
       "/system.slice/nginx.service"},
      {"v2, the root", "0::/\n", 0, "/"},
      {"hybrid", "1:name=systemd:/system.slice/a.service\n0::/\n", 0,
       "/system.slice/a.service"},
      {"hybrid, unified in use",
       "1:name=systemd:/old.service\n0::/system.slice/b.service\n", 0,
       "/system.slice/b.service"},
      {"v1",
       "5:cpu,cpuacct:/system.slice\n4:memory:/system.slice/c.service\n"
       "1:name=systemd:/system.slice/c.service\n",
       0, "/system.slice/c.service"},
      {"v1 without systemd",
       "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n", 0, "/docker/abc"},
      {"v1, only controllers in use",
       "5:name=systemd:/\n4:devices:/\n3:cpu,cpuacct:/docker/x\n0::/\n", 0,
       "/docker/x"},
      {"v1, systemd's is in use",
       "3:cpu:/docker/x\n1:name=systemd:/a.service\n", 0, "/a.service"},
      {"a path that looks like systemd's",
       "3:cpu:/x:name=systemd:/evil.service\n"
       "1:name=systemd:/good.service\n0::/\n",
       0, "/good.service"},
      {"a unified path that looks like systemd's",
       "0::/x:name=systemd:/evil.service\n", 0,
       "/x:name=systemd:/evil.service"},
      {"named hierarchies of others", "2:name=elogind:/1\n", -EINVAL,
       "as before"},
      {"cut in the path", "0::/system.slice/ngi", -EINVAL, "as before"},
      {"cut behind the colon", "0::", -EINVAL, "as before"},
      {"hybrid, cut", "1:name=systemd:/a.service\n0::/", -EINVAL, "as before"},
      {"empty", "", -EINVAL, "as before"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[64] = "as before";
    check_int(rows[i].name, "status",
              pm_parse_cgroup(rows[i].text, got, sizeof got), rows[i].status);
    check_text(rows[i].name, "path", got, rows[i].want);
  }
  check_end();
}

static void cgroup_sizes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t size;
    const char *want;
  } rows[] = {{"room for all", 11, "/a.service"},
              {"one byte short", 10, "/a.servic"},
              {"two bytes", 2, "/"},
              {"only the end", 1, ""}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char *got = malloc(rows[i].size);
    check_int(rows[i].name, "status",
              pm_parse_cgroup("0::/a.service\n", got, rows[i].size), 0);
    check_text(rows[i].name, "path", got, rows[i].want);
    free(got);
  }
  check_end();
}

/* ---- limits ---- */

#define LIMITS                                                                 \
  "Limit                     Soft Limit           Hard Limit           "       \
  "Units     \n"                                                               \
  "Max processes             127456               127456               "       \
  "processes \n"

static void fd_limits(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    int status;
    uint64_t soft, hard;
  } rows[] = {
      {"numbers",
       LIMITS "Max open files            1024                 524288  files\n",
       0, 1024, 524288},
      {"soft unlimited",
       LIMITS
       "Max open files            unlimited            unlimited files\n",
       0, UINT64_MAX, UINT64_MAX},
      {"hard unlimited",
       LIMITS
       "Max open files            256                  unlimited files\n",
       0, 256, UINT64_MAX},
      {"zero",
       LIMITS "Max open files            0                    0       files\n",
       0, 0, 0},
      {"absent", LIMITS, -EINVAL, 9, 9},
      {"no value", LIMITS "Max open files            \n", -EINVAL, 9, 9},
      {"no hard one", LIMITS "Max open files            12   \n", -EINVAL, 9,
       9},
      {"empty", "", -EINVAL, 9, 9},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_limit got = {9, 9};
    check_int(rows[i].name, "status",
              pm_parse_limit(rows[i].text, RLIMIT_NOFILE, &got),
              rows[i].status);
    check_u64(rows[i].name, "soft", got.soft, rows[i].soft);
    check_u64(rows[i].name, "hard", got.hard, rows[i].hard);
  }
  check_end();
}

static bool takes_limit(const char *cut, const char *row) {
  struct pm_limit limit = {9, 9};
  int status = pm_parse_limit(cut, RLIMIT_NOFILE, &limit);
  check_u64(row, "limit", limit.soft, status < 0 ? 9 : 65536);
  return status == 0;
}

static void fd_limit_cut(void **state) {
  (void)state;
  static const char text[] =
      LIMITS "Max open files            65536                524288  files\n";
  each_cut(text, through(text, "524288 "), takes_limit);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stat_fields),
      cmocka_unit_test(stat_comms),
      cmocka_unit_test(stat_kernel_threads),
      cmocka_unit_test(stat_exec_mark),
      cmocka_unit_test(stat_cut),
      cmocka_unit_test(stat_refused),
      cmocka_unit_test(io_fields),
      cmocka_unit_test(io_cut),
      cmocka_unit_test(io_refused),
      cmocka_unit_test(status_texts),
      cmocka_unit_test(products),
      cmocka_unit_test(status_ids),
      cmocka_unit_test(status_cut),
      cmocka_unit_test(status_rest),
      cmocka_unit_test(status_long_line),
      cmocka_unit_test(stat_of_a_group),
      cmocka_unit_test(command_lines),
      cmocka_unit_test(cgroup_texts),
      cmocka_unit_test(cgroup_sizes),
      cmocka_unit_test(fd_limits),
      cmocka_unit_test(fd_limit_cut),
  };
  return cmocka_run_group_tests_name("parse_pid", tests, NULL, NULL);
}
