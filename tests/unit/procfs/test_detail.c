/* The other files of one process, out of a /proc of our own. */
#include "core/procfs/detail.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PID = 42, BIRTH = 4711 };

#define ALL                                                                    \
  (PM_WANT_EXE | PM_WANT_CMDLINE | PM_WANT_UID | PM_WANT_CGROUP | PM_WANT_IO | \
   PM_WANT_MEMORY | PM_WANT_FDS | PM_WANT_CWD | PM_WANT_IDS | PM_WANT_OWNER |  \
   PM_WANT_STAT)

/* A folder of the real /proc whose size is 0, as fd's was before 6.2. */
#define FDS_OLD "/proc/sys/kernel/random"

struct world {
  struct fake_root *fake;
  struct pm_root root;
  struct pm_detail detail;
};

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct pm_err err;
  w->fake = fake_root_new();
  fake_root_process(w->fake, &(struct fake_process){.pid = PID,
                                                    .ppid = 7,
                                                    .state = 'R',
                                                    .threads = 3,
                                                    .vsize = 8192,
                                                    .rss_pages = 2,
                                                    .birth = BIRTH});
  fake_root_put_bytes(w->fake, "proc/42/cmdline", "one\0two\0", 8);
  fake_root_put(w->fake, "proc/42/cgroup", "0::/system.slice/a.service\n");
  fake_root_put(w->fake, "proc/42/io",
                "rchar: 11\nwchar: 12\nread_bytes: 13\nwrite_bytes: 14\n");
  fake_root_put(w->fake, "proc/42/status",
                "Name:\tfake\nUid:\t1\t1001\t2\t3\nGid:\t4\t5\t6\t7\n"
                "VmRSS:\t    40 kB\nRssAnon:\t    24 kB\n"
                "RssFile:\t    12 kB\nRssShmem:\t     4 kB\n"
                "VmSwap:\t    12 kB\nHugetlbPages:\t  2048 kB\n");
  fake_root_put(w->fake, "proc/42/limits",
                "Limit   Soft   Hard   Units\n"
                "Max open files            400   4096  files     \n");
  fake_root_link(w->fake, "proc/42/exe", "/usr/bin/fake (deleted)");
  fake_root_link(w->fake, "proc/42/cwd", "/srv/a b");
  fake_root_link(w->fake, "proc/42/fd", FDS_OLD);
  if (pm_root_open(&w->root, fake_root_proc(w->fake), fake_root_sys(w->fake),
                   &err) < 0)
    return -1;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_root_close(&w->root);
  fake_root_free(w->fake);
  free(w);
  return 0;
}

static int look(struct world *w, int32_t pid, uint64_t birth, unsigned want) {
  memset(&w->detail, 0x5a, sizeof w->detail);
  return pm_detail_read(&w->root, pid, birth, want, &w->detail);
}

static uint64_t entries_in(const char *path) {
  uint64_t n = 0;
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (const struct dirent *e; (e = readdir(dir));)
    n += e->d_name[0] != '.';
  closedir(dir);
  return n;
}

/* ---- what is there ---- */

static void everything(void **state) {
  struct world *w = *state;
  const struct pm_detail *d = &w->detail;
  uint64_t files = entries_in(FDS_OLD);
  check_int("all", "status", look(w, PID, BIRTH, ALL), 0);
  check_u64("all", "got", d->got, ALL);
  check_true("all", "not slow", !d->slow);
  check_u64("all", "uid", d->uid, 1001);
  check_text("all", "exe", d->exe, "/usr/bin/fake (deleted)");
  check_text("all", "cwd", d->cwd, "/srv/a b");
  static const uint32_t uids[] = {1, 1001, 2, 3}, gids[] = {4, 5, 6, 7};
  check_bytes("all", "uids", d->uids, uids, sizeof uids);
  check_bytes("all", "gids", d->gids, gids, sizeof gids);
  check_u64("all", "birth", d->birth, BIRTH);
  check_int("all", "stat: pid", d->stat.pid, PID);
  check_int("all", "stat: ppid", d->stat.ppid, 7);
  check_int("all", "stat: state", d->stat.state, 'R');
  check_u64("all", "stat: threads", d->stat.v[PM_F_threads], 3);
  check_u64("all", "stat: vsize", d->stat.v[PM_F_vsize], 8192);
  check_text("all", "cgroup", d->cgroup, "/system.slice/a.service");
  check_u64("all", "length of cmdline", d->cmdline_length, 8);
  check_bytes("all", "cmdline", d->cmdline, "one\0two\0", 9);
  check_u64("all", "have", d->numbers.have,
            PM_HAVE_IO | PM_HAVE_FDS | PM_HAVE_MEMORY);
  check_u64("all", "io_read", d->numbers.v[PM_F_io_read], 11);
  check_u64("all", "disk_write", d->numbers.v[PM_F_disk_write], 14);
  check_u64("all", "rss", d->numbers.v[PM_F_rss], 40 << 10);
  check_u64("all", "anon", d->numbers.v[PM_F_anon], 24 << 10);
  check_u64("all", "file", d->numbers.v[PM_F_file], 12 << 10);
  check_u64("all", "shmem", d->numbers.v[PM_F_shmem], 4 << 10);
  check_u64("all", "hugetlb", d->numbers.v[PM_F_hugetlb], 2 << 20);
  check_u64("all", "swap", d->numbers.v[PM_F_swap], 12288);
  check_u64("all", "fds", d->numbers.v[PM_F_fds], files);
  check_u64("all", "fd_share, ppm", d->numbers.v[PM_F_fd_share],
            files * 1000000 / 400);
  check_end();
}

/* What was not asked for is not read, and not said to be known. */
static void one_at_a_time(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    unsigned want;
    uint32_t have;
  } rows[] = {
      {"nothing", 0, 0},
      {"exe", PM_WANT_EXE, 0},
      {"cmdline", PM_WANT_CMDLINE, 0},
      {"uid", PM_WANT_UID, 0},
      {"cgroup", PM_WANT_CGROUP, 0},
      {"io", PM_WANT_IO, PM_HAVE_IO},
      {"fds", PM_WANT_FDS, PM_HAVE_FDS},
      {"memory", PM_WANT_MEMORY, PM_HAVE_MEMORY},
      {"cwd", PM_WANT_CWD, 0},
      {"ids", PM_WANT_IDS, 0},
      {"owner", PM_WANT_OWNER, 0},
      {"stat", PM_WANT_STAT, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_detail *d = &w->detail;
    check_int(rows[i].name, "status", look(w, PID, BIRTH, rows[i].want), 0);
    check_u64(rows[i].name, "got", d->got, rows[i].want);
    check_u64(rows[i].name, "have", d->numbers.have, rows[i].have);
    check_true(rows[i].name, "exe",
               (d->exe[0] != '\0') == (rows[i].want == PM_WANT_EXE));
    check_true(rows[i].name, "cwd",
               (d->cwd[0] != '\0') == (rows[i].want == PM_WANT_CWD));
    check_true(rows[i].name, "cgroup",
               (d->cgroup[0] != '\0') == (rows[i].want == PM_WANT_CGROUP));
    check_true(rows[i].name, "cmdline",
               (d->cmdline_length > 0) == (rows[i].want == PM_WANT_CMDLINE));
  }
  check_end();
}

/* A file that is denied (here: absent, a folder, nonsense) is missing in got,
 * and nothing else is. */
static void denied(void **state) {
  static const struct {
    const char *file;
    unsigned missing;
    bool takes_any;  /* any folder is an fd, any text a command line */
    unsigned absent; /* missing only if there is no such file */
  } rows[] = {
      {"exe", PM_WANT_EXE, false, 0},
      {"cmdline", PM_WANT_CMDLINE, true, 0},
      {"status", PM_WANT_UID | PM_WANT_MEMORY | PM_WANT_IDS, false,
       PM_WANT_OWNER},
      {"cwd", PM_WANT_CWD, false, 0},
      {"cgroup", PM_WANT_CGROUP, false, 0},
      {"io", PM_WANT_IO, false, 0},
      {"fd", PM_WANT_FDS, true, 0},
      {"limits", PM_WANT_FDS, false, 0},
  };
  static const char *const ways[] = {"absent", "a folder", "nonsense"};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    for (size_t way = 0; way < (rows[i].takes_any ? 1 : 3); way++) {
      char row[48], path[48];
      assert_int_equal(begin(state), 0);
      struct world *w = *state;
      unsigned missing = rows[i].missing | (way ? 0 : rows[i].absent);
      snprintf(row, sizeof row, "%s is %s", rows[i].file, ways[way]);
      snprintf(path, sizeof path, "proc/42/%s", rows[i].file);
      fake_root_remove(w->fake, path);
      if (way == 1)
        fake_root_dir(w->fake, path);
      if (way == 2)
        fake_root_put(w->fake, path, "nonsense\n");
      check_int(row, "status", look(w, PID, BIRTH, ALL), 0);
      check_u64(row, "got", w->detail.got, ALL & ~missing);
      end(state);
    }
  check_end();
}

static void kernel_threads(void **state) {
  struct world *w = *state;
  fake_root_put(w->fake, "proc/42/status",
                "Name:\tkthreadd\nUid:\t0\t0\t0\t0\n");
  fake_root_remove(w->fake, "proc/42/exe");
  fake_root_put(w->fake, "proc/42/cmdline", "");
  check_int("thread", "status",
            look(w, PID, BIRTH,
                 PM_WANT_UID | PM_WANT_MEMORY | PM_WANT_EXE | PM_WANT_CMDLINE),
            0);
  check_u64("thread", "got", w->detail.got, PM_WANT_UID | PM_WANT_CMDLINE);
  check_u64("thread", "have", w->detail.numbers.have, 0);
  check_u64("thread", "length of cmdline", w->detail.cmdline_length, 0);
  check_end();
}

/* ---- descriptors ---- */

/* The real thing: our own descriptors, counted by this kernel in its way. */
static void own_descriptors(void **state) {
  struct world *w = *state;
  fake_root_link(w->fake, "proc/42/fd", "/proc/self/fd");
  uint64_t before = entries_in("/proc/self/fd") - 1; /* without our listing */
  check_int("own", "status", look(w, PID, BIRTH, PM_WANT_FDS), 0);
  uint64_t got = w->detail.numbers.v[PM_F_fds];
  /* while it looks, the folder is open, and before 6.2 the listing too */
  check_true("own", "counted", got == before + 1 || got == before + 2);
  check_u64("own", "nothing stays open", entries_in("/proc/self/fd") - 1,
            before);
  check_end();
}

static void fd_shares(void **state) {
  struct world *w = *state;
  uint64_t files = entries_in(FDS_OLD), ours = entries_in("/proc/self/fd");
  const struct {
    const char *limit;
    uint64_t want;
  } rows[] = {
      {"unlimited", 0}, {"0", 0}, {"1000000", files}, {"1", files * 1000000}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[128];
    snprintf(text, sizeof text, "Max open files            %s   4096  files\n",
             rows[i].limit);
    fake_root_put(w->fake, "proc/42/limits", text);
    check_int(rows[i].limit, "status", look(w, PID, BIRTH, PM_WANT_FDS), 0);
    check_u64(rows[i].limit, "share", w->detail.numbers.v[PM_F_fd_share],
              rows[i].want);
  }
  check_u64("all", "nothing stays open", entries_in("/proc/self/fd"), ours);
  check_end();
}

/* ---- whose it is ---- */

static void identity(void **state) {
  static const struct {
    const char *name;
    int32_t pid;
    uint64_t birth;
    const char *stat; /* NULL: as it is */
    int want;
  } rows[] = {
      {"it is", PID, BIRTH, NULL, 0},
      {"whoever it is", PID, 0, NULL, 0},
      {"nobody", PID + 1, 0, NULL, -ESRCH},
      {"whoever it is, without stat", PID, 0, "", -ESRCH},
      {"another birth", PID, BIRTH + 1, NULL, -ESRCH},
      {"gone", PID + 1, BIRTH, NULL, -ESRCH},
      {"stat is empty", PID, BIRTH, "", -ESRCH},
      {"stat is cut", PID, BIRTH, "42 (fake) S 1 1", -ESRCH},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    assert_int_equal(begin(state), 0);
    struct world *w = *state;
    if (rows[i].stat)
      fake_root_put(w->fake, "proc/42/stat", rows[i].stat);
    check_int(rows[i].name, "status", look(w, rows[i].pid, rows[i].birth, ALL),
              rows[i].want);
    check_int(rows[i].name, "asked for nothing else",
              look(w, rows[i].pid, rows[i].birth, 0), rows[i].want);
    fake_root_remove(w->fake, "proc/42/stat");
    check_int(rows[i].name, "without stat", look(w, PID, BIRTH, 0), -ESRCH);
    end(state);
  }
  check_end();
}

/* Of whoever has the pid; its birth is part of the answer, and the probe is
 * asked for that one's command line. */
static void whoever(void **state) {
  struct world *w = *state;
  check_int("whoever", "status", look(w, PID, 0, ALL), 0);
  check_u64("whoever", "birth", w->detail.birth, BIRTH);
  check_u64("whoever", "got", w->detail.got, ALL);
  struct stat st;
  char *path = fake_root_path(w->fake, "proc/42/status");
  if (chown(path, 12, 34) < 0)
    errno = 0; /* we are not root: the tree is ours, and that will do */
  assert_int_equal(stat(path, &st), 0);
  look(w, PID, 0, PM_WANT_OWNER);
  check_u64("owner", "uid", w->detail.owner_uid, st.st_uid);
  check_u64("owner", "gid", w->detail.owner_gid, st.st_gid);
  free(path);
  check_end();
}

/* A path that does not fit is cut, and ends inside its room. */
static void long_paths(void **state) {
  struct world *w = *state;
  char path[3000];
  memset(path, 'a', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  fake_root_remove(w->fake, "proc/42/exe");
  fake_root_remove(w->fake, "proc/42/cwd");
  fake_root_link(w->fake, "proc/42/exe", path);
  fake_root_link(w->fake, "proc/42/cwd", path);
  check_int("long", "status", look(w, PID, BIRTH, ALL), 0);
  check_u64("long", "got", w->detail.got, ALL);
  check_u64("long", "exe", strlen(w->detail.exe), PM_DETAIL_EXE - 1);
  check_u64("long", "cwd", strlen(w->detail.cwd), PM_DETAIL_CWD - 1);
  check_end();
}

/* What is safe is read without stat, and nothing else is opened. */
static void only_what_is_safe(void **state) {
  struct world *w = *state;
  struct pm_detail *d = &w->detail;
  fake_root_remove(w->fake, "proc/42/stat");
  memset(d, 0x5a, sizeof *d);
  check_int("safe", "status", pm_detail_read_safe(&w->root, PID, ALL, d), 0);
  check_u64("safe", "got", d->got, ALL & PM_WANT_SAFE);
  check_u64("safe", "uid", d->uid, 1001);
  check_u64("safe", "birth", d->birth, 0);
  check_int("nobody", "status", pm_detail_read_safe(&w->root, 43, ALL, d),
            -ESRCH);
  check_end();
}

/* /proc/TID is there for every thread, though it is not listed. */
static void threads(void **state) {
  struct world *w = *state;
  static const struct {
    const char *tgid;
    int want;
  } rows[] = {{"Tgid:\t42\n", 0}, {"Tgid:\t41\n", -ESRCH}, {"", 0}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[128];
    snprintf(text, sizeof text,
             "Name:\tfake\n%sUid:\t1\t1\t1\t1\nGid:\t4\t4\t4\t4\n",
             rows[i].tgid);
    fake_root_put(w->fake, "proc/42/status", text);
    check_int(rows[i].tgid, "by birth", look(w, PID, BIRTH, PM_WANT_UID),
              rows[i].want);
    check_int(rows[i].tgid, "whoever", look(w, PID, 0, PM_WANT_IDS),
              rows[i].want);
  }
  check_end();
}

/* As directory services give them: 65,536 is NGROUPS_MAX. */
static void many_groups(void **state) {
  struct world *w = *state;
  static const size_t counts[] = {300, 700, 65536};
  enum { ROOM = 1 << 20 };
  char *text = malloc(ROOM), name[32];
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    size_t n = (size_t)sprintf(text, "Name:\tfake\nUid:\t1\t1001\t2\t3\n"
                                     "Gid:\t4\t5\t6\t7\nGroups:\t");
    for (size_t k = 0; k < counts[i]; k++)
      n += (size_t)sprintf(text + n, "%zu ", 4294900000 + k);
    snprintf(text + n, ROOM - n, "\nVmSwap:\t    12 kB\nCapPrm:\t%016x\n", 5);
    fake_root_put(w->fake, "proc/42/status", text);
    snprintf(name, sizeof name, "%zu groups", counts[i]);
    look(w, PID, BIRTH, PM_WANT_UID | PM_WANT_IDS | PM_WANT_MEMORY);
    check_u64(name, "got", w->detail.got,
              PM_WANT_UID | PM_WANT_IDS | PM_WANT_MEMORY);
    check_u64(name, "uid", w->detail.uid, 1001);
    check_u64(name, "permitted", w->detail.permitted, 5);
    check_u64(name, "swap", w->detail.numbers.v[PM_F_swap], 12288);
  }
  free(text);
  check_end();
}

/* Version 1: a line each, and each may have a path of PATH_MAX. */
static void many_cgroups(void **state) {
  struct world *w = *state;
  char text[64 << 10];
  size_t n = 0;
  for (int i = 13; i > 1; i--)
    n += (size_t)sprintf(text + n, "%d:c%d:/%0*d\n", i, i, 4000, 1);
  snprintf(text + n, sizeof text - n, "1:name=systemd:/a.service\n0::/\n");
  fake_root_put(w->fake, "proc/42/cgroup", text);
  look(w, PID, BIRTH, PM_WANT_CGROUP);
  check_u64("version 1", "got", w->detail.got, PM_WANT_CGROUP);
  check_text("version 1", "cgroup", w->detail.cgroup, "/a.service");
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  check_pidfd();
  const struct CMUnitTest tests[] = {
      HERE(everything),
      HERE(one_at_a_time),
      cmocka_unit_test(denied),
      HERE(kernel_threads),
      HERE(threads),
      HERE(many_groups),
      HERE(many_cgroups),
      HERE(own_descriptors),
      HERE(fd_shares),
      cmocka_unit_test(identity),
      HERE(whoever),
      HERE(long_paths),
      HERE(only_what_is_safe),
  };
  return cmocka_run_group_tests_name("detail", tests, NULL, NULL);
}
