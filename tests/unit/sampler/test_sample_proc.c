/* The /proc sampler over a /proc of our own. */
#include "core/sampler/sample_proc.h"

#include "fakes/root.h"
#include "unit/support/built_reader.h"
#include "unit/support/check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEN_MAX = 2048 };

/* All that was pushed, sorted by pid. */
struct seen {
  struct pm_task task[SEEN_MAX];
  size_t count, batches, largest;
};

struct world {
  struct fake_root *fake;
  struct pm_root root;
  struct pm_reader *reader;
  struct pm_sampler sampler;
  struct pm_now now;
  struct seen seen;
};

static void take(void *arg, const struct pm_task *batch, size_t n) {
  struct seen *s = arg;
  s->batches++;
  s->largest = n > s->largest ? n : s->largest;
  for (size_t i = 0; i < n && s->count < SEEN_MAX; i++)
    s->task[s->count++] = batch[i];
}

static int by_pid(const void *a, const void *b) {
  const struct pm_task *x = a, *y = b;
  return (x->pid > y->pid) - (x->pid < y->pid);
}

static int scan(struct world *w, struct pm_err *err) {
  struct pm_sink sink = {.tasks = take, .arg = &w->seen};
  w->seen.count = w->seen.batches = w->seen.largest = 0;
  int status = pm_sample_proc.scan(w->sampler.self, &sink, w->now, err);
  qsort(w->seen.task, w->seen.count, sizeof *w->seen.task, by_pid);
  return status;
}

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct pm_err err;
  w->fake = fake_root_new();
  w->now.mono = 1000 * PM_NS_PER_S;
  w->reader = built_reader(&w->root);
  if (pm_root_open(&w->root, fake_root_proc(w->fake), fake_root_sys(w->fake),
                   &err) < 0 ||
      pm_sample_proc.open(&w->root, w->reader, &w->sampler, &err) < 0)
    return -1;
  w->root.units.tick_ns = 10000000;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_sample_proc.close(w->sampler.self);
  pm_reader_free(w->reader);
  pm_root_close(&w->root);
  fake_root_free(w->fake);
  free(w);
  return 0;
}

/* ---- what is seen ---- */

static void says_what_it_gives(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  fake_root_process(w->fake, &(struct fake_process){.pid = 1, .birth = 2});
  check_int("one", "status", scan(w, &err), 0);
  check_u64("one", "have is what it promises", w->seen.task[0].have,
            w->sampler.gives);
  check_text("ops", "name", pm_sample_proc.name, "proc");
  check_int("ops", "level", w->sampler.level, 1);
  check_true("ops", "reports no deaths",
             !w->sampler.deaths && !pm_sample_proc.drain);
  check_end();
}

/* Written in no order, and next to all that /proc holds besides. */
static void only_processes(void **state) {
  struct world *w = *state;
  static const struct fake_process processes[] = {
      {.pid = 300, .comm = "c", .birth = 30, .threads = 3, .state = 'D'},
      {.pid = 1, .comm = "init) S", .birth = 1, .utime = 7},
      {.pid = 4194304, .comm = "", .birth = 40, .flags = 0x00200000},
      {.pid = 20, .comm = "b", .birth = 20, .ppid = 1, .rss_pages = 5},
  };
  static const char *const others[] = {"self", "thread-self", "1x",
                                       "x1",   "sys",         "12345678901",
                                       ".5",   "-3",          "0x10"};
  for (size_t i = 0; i < CHECK_COUNT(processes); i++)
    fake_root_process(w->fake, &processes[i]);
  for (size_t i = 0; i < CHECK_COUNT(others); i++) {
    char path[64];
    snprintf(path, sizeof path, "proc/%s/stat", others[i]);
    fake_root_put(w->fake, path, "9 (wrong) S 1\n");
  }
  struct pm_err err = PM_ERR_INIT;
  check_int("four", "status", scan(w, &err), 0);
  check_u64("four", "count", w->seen.count, 4);
  const struct pm_task *t = w->seen.task;
  check_int("four", "first", t[0].pid, 1);
  check_text("four", "its name", t[0].comm, "init) S");
  check_u64("four", "its CPU", t[0].v[PM_F_cpu_user], 70000000);
  check_int("four", "second's parent", t[1].ppid, 1);
  check_u64("four", "its memory", t[1].v[PM_F_rss],
            5 * w->root.units.page_bytes);
  check_int("four", "third's state", t[2].state, 'D');
  check_u64("four", "its threads", t[2].v[PM_F_threads], 3);
  check_u64("four", "the last is the kernel's", t[3].flags, PM_TASK_KERNEL);
  check_end();
}

static void odd_processes(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    int32_t pid;
    const char *stat; /* NULL: none; "/": a folder */
    bool seen;
    uint64_t birth;
  } rows[] = {
      {"vanished", 10, NULL, false, 0},
      {"denied", 11, "/", true, 0},
      {"empty", 12, "", true, 0},
      {"cut", 13, "13 (x) S 1 1 1 0 -1 0 0", true, 0},
      {"nonsense", 14, "what?\n", true, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char path[64];
    snprintf(path, sizeof path, "proc/%d", rows[i].pid);
    fake_root_dir(w->fake, path);
    strcat(path, "/stat");
    if (rows[i].stat && *rows[i].stat == '/')
      fake_root_dir(w->fake, path);
    else if (rows[i].stat)
      fake_root_put(w->fake, path, rows[i].stat);
  }
  fake_root_process(w->fake, &(struct fake_process){.pid = 15, .birth = 9});
  struct pm_err err = PM_ERR_INIT;
  check_int("odd", "status", scan(w, &err), 0);
  size_t at = 0;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_task *t = &w->seen.task[at];
    bool seen = at < w->seen.count && t->pid == rows[i].pid;
    check_int(rows[i].name, "seen", seen, rows[i].seen);
    if (!seen)
      continue;
    check_u64(rows[i].name, "birth", t->birth, rows[i].birth);
    check_u64(rows[i].name, "have", t->have, 0);
    check_text(rows[i].name, "comm", t->comm, "");
    at++;
  }
  check_u64("the last one", "count", w->seen.count, at + 1);
  check_u64("the last one", "birth", w->seen.task[at].birth, 9);
  check_end();
}

static void batches(void **state) {
  struct world *w = *state;
  static const size_t counts[] = {0, 1, 255, 256, 257, 600};
  size_t made = 0;
  for (size_t i = 0; i < CHECK_COUNT(counts); i++) {
    char row[32];
    struct pm_err err = PM_ERR_INIT;
    while (made < counts[i]) {
      made++;
      fake_root_process(w->fake, &(struct fake_process){.pid = (int32_t)made,
                                                        .birth = made + 1000});
    }
    snprintf(row, sizeof row, "%zu processes", counts[i]);
    check_int(row, "status", scan(w, &err), 0);
    check_u64(row, "count", w->seen.count, counts[i]);
    check_u64(row, "batches", w->seen.batches,
              (counts[i] + PM_BATCH - 1) / PM_BATCH);
    check_true(row, "none too large", w->seen.largest <= PM_BATCH);
    for (size_t k = 0; k < w->seen.count; k++) {
      check_int(row, "each once", w->seen.task[k].pid, (int64_t)k + 1);
      check_u64(row, "each itself", w->seen.task[k].birth, k + 1001);
    }
  }
  check_end();
}

/* A record must not keep anything of the one that stood there before. */
static void records_are_fresh(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  fake_root_process(w->fake, &(struct fake_process){.pid = 7,
                                                    .comm = "longer name",
                                                    .birth = 3,
                                                    .flags = 0x00200000});
  check_int("first", "status", scan(w, &err), 0);
  fake_root_process(w->fake,
                    &(struct fake_process){.pid = 7, .comm = "b", .birth = 4});
  check_int("second", "status", scan(w, &err), 0);
  check_u64("second", "flags", w->seen.task[0].flags, 0);
  check_bytes("second", "comm", w->seen.task[0].comm,
              "b\0\0\0\0\0\0\0\0\0\0\0\0\0\0", PM_COMM);
  fake_root_put(w->fake, "proc/7/stat", "");
  check_int("third", "status", scan(w, &err), 0);
  check_text("third", "comm", w->seen.task[0].comm, "");
  check_u64("third", "have", w->seen.task[0].have, 0);
  check_end();
}

static void exec_marks(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    uint64_t code, stack;
    bool changed;
  } rows[] = {
      {"at first", 0x400000, 0x7ffc0000, true},
      {"runs on", 0x400000, 0x7ffc0000, false},
      {"exec, another stack", 0x400000, 0x7ffc1000, true},
      {"exec, another place", 0x550000, 0x7ffc1000, true},
      {"zombie: cannot say", 0, 0, true},
  };
  uint64_t last = UINT64_MAX;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_err err = PM_ERR_INIT;
    fake_root_process(w->fake,
                      &(struct fake_process){.pid = 7,
                                             .birth = 3,
                                             .startcode = rows[i].code,
                                             .startstack = rows[i].stack});
    check_int(rows[i].name, "status", scan(w, &err), 0);
    uint64_t mark = w->seen.task[0].exec_mark;
    check_int(rows[i].name, "changed", mark != last, rows[i].changed);
    check_true(rows[i].name, "0 means unknown",
               (mark == 0) == (rows[i].code == 0));
    last = mark;
  }
  check_end();
}

/* What blocks costs one try, and is passed over for a while; what is safe is
 * read, and so of it everything but the start is known. */
static void one_blocks(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  fake_root_process(w->fake, &(struct fake_process){.pid = 7, .birth = 3});
  fake_root_remove(w->fake, "proc/7/stat");
  fake_root_put(w->fake, "proc/7/status",
                "State:\tD (disk sleep)\nUid:\t1\t1\t1\t1\n"
                "VmSize:\t 8 kB\nVmRSS:\t 4 kB\nThreads:\t2\n");
  fake_root_put(w->fake, "proc/7/task/7/schedstat", "1000 5 6\n");
  fake_root_put(w->fake, "proc/7/task/8/schedstat", "2000 5 6\n");
  char *path = fake_root_path(w->fake, "proc/7/stat");
  assert_int_equal(mkfifo(path, 0600), 0);
  free(path);
  for (int i = 0; i < 2; i++) {
    check_int("blocks", "status", scan(w, &err), 0);
    check_u64("blocks", "count", w->seen.count, 1);
    const struct pm_task *t = w->seen.task;
    check_u64("blocks", "birth", t->birth, 0);
    check_u64("blocks", "flags", t->flags & PM_TASK_PASSED_OVER,
              PM_TASK_PASSED_OVER);
    check_int("blocks", "state", t->state, 'D');
    check_u64("blocks", "CPU", t->v[PM_F_cpu_user] + t->v[PM_F_cpu_system],
              3000);
    check_u64("blocks", "rss", t->v[PM_F_rss], 4096);
    check_u64("blocks", "vsize", t->v[PM_F_vsize], 8192);
    check_u64("blocks", "threads", t->v[PM_F_threads], 2);
    w->now.mono += PM_NS_PER_S;
  }
  fake_root_remove(w->fake, "proc/7/stat");
  fake_root_process(w->fake, &(struct fake_process){.pid = 7, .birth = 3});
  check_int("rests", "status", scan(w, &err), 0);
  check_u64("rests", "flags", w->seen.task[0].flags & PM_TASK_PASSED_OVER,
            PM_TASK_PASSED_OVER);
  w->now.mono += PM_READER_BACKOFF_MIN_S * PM_NS_PER_S;
  check_int("later", "status", scan(w, &err), 0);
  check_u64("later", "birth", w->seen.task[0].birth, 3);
  check_end();
}

/* Where its pidfd can be kept, it is known whether the pid is still its. */
static void whose_pid_it_is(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  char path[64];
  pid_t pid = fork();
  if (pid == 0)
    for (;;)
      pause();
  snprintf(path, sizeof path, "proc/%d", pid);
  fake_root_dir(w->fake, path);
  strcat(path, "/stat");
  char *whole = fake_root_path(w->fake, path);
  assert_int_equal(mkfifo(whole, 0600), 0);
  free(whole);
  check_int("lives", "status", scan(w, &err), 0);
  check_u64("lives", "flags", w->seen.task[0].flags,
            PM_TASK_PASSED_OVER | PM_TASK_SAME);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fake_root_remove(w->fake, path);
  fake_root_process(w->fake, &(struct fake_process){.pid = pid, .birth = 9});
  check_int("has ended", "status", scan(w, &err), 0);
  check_u64("has ended", "is read at once", w->seen.task[0].birth, 9);
  check_end();
}

static void no_helper(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  struct pm_budget budget = {PM_NS_PER_S};
  pm_sample_proc.close(w->sampler.self);
  struct pm_reader *none = pm_reader_new("/no/such", &w->root, &budget);
  assert_int_equal(pm_sample_proc.open(&w->root, none, &w->sampler, &err), 0);
  check_int("no helper", "status", scan(w, &err), -ENOENT);
  check_true("no helper", "says what was tried",
             strstr(err.text, fake_root_proc(w->fake)) != NULL);
  check_u64("no helper", "count", w->seen.count, 0);
  pm_reader_free(none);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(says_what_it_gives), HERE(only_processes),
      HERE(odd_processes),      HERE(batches),
      HERE(records_are_fresh),  HERE(exec_marks),
      HERE(one_blocks),         HERE(whose_pid_it_is),
      HERE(no_helper),
  };
  return cmocka_run_group_tests_name("sample_proc", tests, NULL, NULL);
}
