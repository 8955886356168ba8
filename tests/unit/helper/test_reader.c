/* The real procman-hold reads a /proc of our own, in which a FIFO stands for a
 * file that blocks whoever opens it. */
#include "core/helper/child.h"
#include "core/helper/reader.h"

#include "fakes/root.h"
#include "unit/support/built_reader.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHER = 54321, MANY = 20 };

#define WANT (PM_WANT_CMDLINE | PM_WANT_UID | PM_WANT_IDS)

struct world {
  struct fake_root *fake;
  struct pm_root root;
  struct pm_budget budget;
  struct pm_reader *reader;
  struct pm_now now;
  char helper[512];
  struct pm_reader_item item[PM_READER_BATCH];
};

/* A CPU that is so many times slower, as far as the reader can see. */
enum { SLOWER = 20 };
static bool is_slow;
/* It only computes, as far as the reader can see: all of each slice. */
static bool is_busy;

bool __real_pm_child_is_runnable(const struct pm_child *child);
bool __wrap_pm_child_is_runnable(const struct pm_child *child);
bool __wrap_pm_child_is_runnable(const struct pm_child *child) {
  return is_busy || __real_pm_child_is_runnable(child);
}

struct pm_child_time __real_pm_child_time(const struct pm_child *child);
struct pm_child_time __wrap_pm_child_time(const struct pm_child *child);
struct pm_child_time __wrap_pm_child_time(const struct pm_child *child) {
  static uint64_t real, slow;
  static uint64_t busy;
  struct pm_child_time time = __real_pm_child_time(child);
  if (is_busy) {
    busy += 5 * PM_NS_PER_S / 1000;
    return (struct pm_child_time){busy, busy};
  }
  if (!is_slow)
    return time;
  uint64_t tick = 10 * PM_NS_PER_S / 1000, more = (time.cpu_ns - real) * SLOWER;
  slow += more < tick ? more : tick;
  real = time.cpu_ns;
  return (struct pm_child_time){slow, slow};
}

ssize_t __real_pm_child_receive(struct pm_child *child, void *buf, size_t size,
                                int wait_ms);
ssize_t __wrap_pm_child_receive(struct pm_child *child, void *buf, size_t size,
                                int wait_ms);
ssize_t __wrap_pm_child_receive(struct pm_child *child, void *buf, size_t size,
                                int wait_ms) {
  if (is_slow)
    usleep(5000 / SLOWER);
  return __real_pm_child_receive(child, buf, size, is_slow ? 0 : wait_ms);
}

static void put_process(struct world *w, int32_t pid) {
  char path[64], text[64];
  fake_root_process(w->fake, &(struct fake_process){
                                 .pid = pid, .birth = (uint64_t)pid + 1000});
  snprintf(path, sizeof path, "proc/%d/cmdline", pid);
  int n = snprintf(text, sizeof text, "command%c%d", 0, pid);
  fake_root_put_bytes(w->fake, path, text, (size_t)n + 1);
  snprintf(path, sizeof path, "proc/%d/status", pid);
  snprintf(text, sizeof text, "Uid:\t%d\t%d\t%d\t%d\nGid:\t4\t4\t4\t4\n", pid,
           pid, pid, pid);
  fake_root_put(w->fake, path, text);
}

static void make_it_block(struct world *w, int32_t pid, const char *file) {
  char path[64];
  snprintf(path, sizeof path, "proc/%d/%s", pid, file);
  fake_root_remove(w->fake, path);
  char *whole = fake_root_path(w->fake, path);
  assert_int_equal(mkfifo(whole, 0600), 0);
  free(whole);
}

static void give_away(struct world *w, int32_t pid, uid_t uid) {
  char path[64];
  snprintf(path, sizeof path, "proc/%d", pid);
  char *whole = fake_root_path(w->fake, path);
  assert_int_equal(chown(whole, uid, (gid_t)-1), 0);
  free(whole);
}

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct pm_err err;
  w->fake = fake_root_new();
  w->now.mono = 1000 * PM_NS_PER_S;
  w->budget.left_ns = 3600 * PM_NS_PER_S;
  snprintf(w->helper, sizeof w->helper, "%s/procman-hold",
           check_env("PM_BUILD"));
  for (int32_t pid = 1; pid <= MANY; pid++)
    put_process(w, pid);
  if (pm_root_open(&w->root, fake_root_proc(w->fake), fake_root_sys(w->fake),
                   &err) < 0)
    return -1;
  w->reader = pm_reader_new(w->helper, &w->root, &w->budget);
  *state = w;
  return w->reader ? 0 : -1;
}

static int end(void **state) {
  struct world *w = *state;
  pm_reader_free(w->reader);
  while (wait(NULL) > 0)
    ;
  pm_root_close(&w->root);
  fake_root_free(w->fake);
  free(w);
  return 0;
}

/* Asks for `count` processes from pid 1 on. */
static void ask(struct world *w, size_t count) {
  for (size_t i = 0; i < count; i++)
    w->item[i].request =
        (struct pm_reader_request){(int32_t)i + 1, WANT, i + 1001};
  pm_reader_read(w->reader, w->now, w->item, count);
}

static size_t count_status(const struct world *w, size_t count, int status) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    n += w->item[i].status == status;
  return n;
}

/* ---- some files ---- */

static void reads(void **state) {
  struct world *w = *state;
  w->item[0].request = (struct pm_reader_request){3, WANT, 1003};
  w->item[1].request = (struct pm_reader_request){4, WANT, 9};
  w->item[2].request = (struct pm_reader_request){99, WANT, 1};
  w->item[3].request = (struct pm_reader_request){5, PM_WANT_STAT, 0};
  pm_reader_read(w->reader, w->now, w->item, 4);
  check_int("one", "status", w->item[0].status, 0);
  check_u64("one", "got", w->item[0].detail->got, WANT);
  check_bytes("one", "cmdline", w->item[0].detail->cmdline, "command\0003", 10);
  check_u64("one", "uid", w->item[0].detail->uid, 3);
  check_int("another birth", "status", w->item[1].status, -ESRCH);
  check_int("nobody", "status", w->item[2].status, -ESRCH);
  check_int("whoever", "status", w->item[3].status, 0);
  check_u64("whoever", "birth", w->item[3].detail->birth, 1005);
  check_int("all", "error", pm_reader_error(w->reader, NULL), 0);
  check_true("all", "cost", pm_reader_cpu_ns(w->reader) > 0);
  check_end();
}

/* ---- one that blocks ---- */

static void check_safe(const char *row, const struct pm_reader_item *item) {
  check_true(row, "slow", item->detail->slow);
  check_u64(row, "got", item->detail->got, PM_WANT_UID | PM_WANT_IDS);
  check_u64(row, "uid", item->detail->uid, (uint64_t)item->request.pid);
}

/* Those of its owner are not asked for either, for a while. */
static void blocks(void **state, const char *file) {
  struct world *w = *state;
  make_it_block(w, 7, file);
  ask(w, 10);
  check_int("it", "status", w->item[6].status, -ETIMEDOUT);
  check_safe("it", &w->item[6]);
  check_u64("those before it", "status", count_status(w, 10, 0), 6);
  check_u64("those behind it", "status", count_status(w, 10, -EAGAIN), 3);
  check_safe("one behind it", &w->item[8]);
  check_true("it", "the cost of its child counts",
             pm_reader_cpu_ns(w->reader) > 0);
  w->now.mono += PM_READER_OWNER_MIN_S * PM_NS_PER_S - 1;
  ask(w, 10);
  check_u64("too early", "nobody is asked", count_status(w, 10, -EAGAIN), 10);
  w->now.mono += 1;
  ask(w, 6);
  check_u64("later", "status", count_status(w, 6, 0), 6);
  check_end();
}

static void cmdline_blocks(void **state) { blocks(state, "cmdline"); }

static void stat_blocks(void **state) { blocks(state, "stat"); }

/* Somebody else's do not wait for it, in whatever order they are asked for. */
static void others_go_on(void **state) {
  struct world *w = *state;
  if (geteuid() != 0) {
    print_message("not root: nobody else can own a process here\n");
    return;
  }
  for (int32_t pid = 1; pid <= 5; pid++) {
    make_it_block(w, pid, "cmdline");
    give_away(w, pid, OTHER);
  }
  ask(w, 10);
  check_u64("blockers", "one was tried", count_status(w, 5, -ETIMEDOUT), 1);
  check_u64("blockers", "the others were not", count_status(w, 5, -EAGAIN), 4);
  for (size_t i = 5; i < 10; i++)
    check_int("others", "status", w->item[i].status, 0);
  check_end();
}

/* Lets each of the FIFOs go on a while after somebody has opened it. */
static pid_t let_go(struct world *w, int32_t last, useconds_t after) {
  pid_t pid = fork();
  if (pid)
    return pid;
  for (int32_t i = 1; i <= last; i++) {
    char path[64];
    snprintf(path, sizeof path, "proc/%d/cmdline", i);
    char *whole = fake_root_path(w->fake, path);
    int fd;
    do
      usleep(after);
    while ((fd = open(whole, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0);
    close(fd);
  }
  _exit(0);
}

/* None of them blocks for long, but all do together: the turn's time is used
 * up, what was read until then is taken, and nobody is said to have blocked it.
 */
static void slow_ones(void **state) {
  struct world *w = *state;
  enum { SLOW = MANY };
  for (int32_t pid = 1; pid <= SLOW; pid++)
    make_it_block(w, pid, "cmdline");
  w->budget.left_ns = 15 * PM_NS_PER_S / 1000;
  pid_t helper = let_go(w, SLOW, 4500);
  ask(w, SLOW);
  kill(helper, SIGKILL);
  check_u64("slow", "left", w->budget.left_ns, 0);
  check_true("slow", "not all", count_status(w, SLOW, 0) < SLOW);
  check_u64("slow", "each has an answer",
            count_status(w, SLOW, 0) + count_status(w, SLOW, -EAGAIN) +
                count_status(w, SLOW, -ETIMEDOUT),
            SLOW);
  check_true("slow", "at most one is said to block",
             count_status(w, SLOW, -ETIMEDOUT) <= 1);
  check_end();
}

static void no_time(void **state) {
  struct world *w = *state;
  w->budget.left_ns = 0;
  ask(w, 3);
  check_u64("no time", "status", count_status(w, 3, -EAGAIN), 3);
  check_safe("no time", &w->item[1]);
  w->budget.left_ns = 4 * PM_NS_PER_S / 1000; /* less than a blocker takes */
  make_it_block(w, 2, "cmdline");
  ask(w, 3);
  check_int("little time", "the one before", w->item[0].status, 0);
  check_true("little time", "it",
             w->item[1].status == -ETIMEDOUT || w->item[1].status == -EAGAIN);
  check_int("little time", "the one behind", w->item[2].status, -EAGAIN);
  check_u64("little time", "is used up", w->budget.left_ns, 0);
  check_end();
}

/* ---- the list of all ---- */

static int compare_pids(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* All pids of a list, sorted; those that are passed over as negative numbers.
 * The pid that blocks is *ret_stuck. */
static size_t list_all(struct world *w, struct pm_reader_list *list,
                       int32_t *ret, int32_t *ret_stuck) {
  size_t n = 0;
  *ret_stuck = 0;
  while (!list->end && !*ret_stuck) {
    int status = pm_reader_list(w->reader, w->now, list);
    *ret_stuck = list->stuck;
    if (status < 0 && status != -ETIMEDOUT) {
      fail_msg("list: %d", status);
    }
    for (size_t i = 0; i < list->count; i++) {
      bool passed = list->task[i].flags & PM_TASK_PASSED_OVER;
      ret[n++] = passed ? -list->task[i].pid : list->task[i].pid;
    }
  }
  qsort(ret, n, sizeof *ret, compare_pids);
  return n;
}

static void lists(void **state) {
  struct world *w = *state;
  int32_t pids[4096], stuck;
  static const int32_t passed[] = {4, 9, 100};
  for (int32_t pid = MANY + 1; pid <= 1500; pid++)
    put_process(w, pid);
  for (int round = 0; round < 2; round++) {
    struct pm_reader_list list = {.passed = passed,
                                  .passed_count = CHECK_COUNT(passed)};
    size_t n = list_all(w, &list, pids, &stuck);
    check_u64("list", "count", n, 1500);
    check_int("list", "passed", pids[0], -100);
    check_int("list", "passed", pids[2], -4);
    check_int("list", "first", pids[3], 1);
    check_int("list", "last", pids[n - 1], 1500);
  }
  check_end();
}

/* Nobody is left out of the list. */
static void slow_machine(void **state) {
  struct world *w = *state;
  const struct pm_detail *detail;
  static int32_t pids[8192];
  int32_t stuck;
  for (int32_t pid = MANY + 1; pid <= 6000; pid++)
    put_process(w, pid);
  pm_reader_read_one(w->reader, w->now, 3, 1003, WANT, &detail); /* starts it */
  is_slow = true;
  for (int round = 0; round < 4; round++) {
    struct pm_reader_list list = {.passed_count = 0};
    check_u64("slow", "count", list_all(w, &list, pids, &stuck), 6000);
    check_int("slow", "stuck", stuck, 0);
  }
  is_slow = false;
  check_end();
}

static void list_blocks(void **state) {
  struct world *w = *state;
  int32_t pids[256], stuck;
  struct pm_reader_list list = {.passed_count = 0};
  make_it_block(w, 7, "stat");
  list_all(w, &list, pids, &stuck);
  check_int("list", "blocked by", stuck, 7);
  check_int("list", "goes on behind it", list.after, 7);
  list = (struct pm_reader_list){.owner = {pm_reader_owner_of(&w->root, 7)},
                                 .owner_count = 1};
  size_t n = list_all(w, &list, pids, &stuck);
  check_int("its owner passed over", "blocked by", stuck, 0);
  check_u64("its owner passed over", "count", n, MANY);
  check_true("its owner passed over", "all", pids[n - 1] < 0);
  check_end();
}

/* What costs the time of a whole scan is passed over in the next. */
static void list_computes(void **state) {
  struct world *w = *state;
  int32_t pids[256], stuck;
  const struct pm_detail *detail;
  struct pm_reader_list list = {.passed_count = 0};
  make_it_block(w, 7, "stat");
  pm_reader_read_one(w->reader, w->now, 3, 1003, WANT, &detail); /* starts it */
  is_busy = true;
  list_all(w, &list, pids, &stuck);
  is_busy = false;
  check_int("list", "used up by", stuck, 7);
  check_int("list", "goes on behind it", list.after, 7);
  check_end();
}

/* ---- no child ---- */

static void no_helper(void **state) {
  struct world *w = *state;
  struct pm_err err = PM_ERR_INIT;
  struct pm_reader *r = pm_reader_new("/no/such", &w->root, &w->budget);
  const struct pm_detail *detail;
  check_int("absent", "status",
            pm_reader_read_one(r, w->now, 3, 1003, WANT, &detail), -EAGAIN);
  check_u64("absent", "what is safe", detail->uid, 3);
  check_int("absent", "error", pm_reader_error(r, &err), -ENOENT);
  check_true("absent", "names it", strstr(err.text, "/no/such") != NULL);
  check_int("absent", "once", pm_reader_error(r, &err), 0);
  pm_reader_free(r);
  pm_reader_free(NULL);
  check_end();
}

static void owners(void **state) {
  (void)state;
  check_u64("root", "owner", pm_reader_owner(0), 0);
  check_u64("nobody", "owner", pm_reader_owner(65534), 65534);
  check_true("a user's own users", "are one",
             pm_reader_owner(196608) == pm_reader_owner(196608 + 65535));
  check_true("another block", "is another",
             pm_reader_owner(196607) != pm_reader_owner(196608));
  check_true("the first block", "is no user",
             pm_reader_owner(65536) > UINT16_MAX);
  check_end();
}

/* ---- a child that does nothing, or dies ---- */

/* Says hello, and nothing else. */
static void silent(void **state) {
  struct world *w = *state;
  fake_root_put(w->fake, "sys/helper",
                "#!/bin/sh\nprintf x >&3\nexec sleep 60\n");
  char *helper = fake_root_path(w->fake, "sys/helper");
  assert_int_equal(chmod(helper, 0700), 0);
  struct pm_reader *r = pm_reader_new(helper, &w->root, &w->budget);
  struct pm_reader_list list = {.passed_count = 0};
  check_int("list", "status", pm_reader_list(r, w->now, &list), -ETIMEDOUT);
  check_int("list", "nobody is blamed", list.stuck, 0);
  check_u64("list", "count", list.count, 0);
  check_true("list", "nobody rests", !pm_reader_rests(r, w->now, 1, NULL));
  w->budget.left_ns = 50 * PM_NS_PER_S / 1000;
  struct pm_reader_item item = {.request = {3, WANT, 1003}};
  pm_reader_read(r, w->now, &item, 1);
  check_int("read", "status", item.status, -EAGAIN);
  check_true("read", "nobody rests", !pm_reader_rests(r, w->now, 3, NULL));
  pm_reader_free(r);
  free(helper);
  check_end();
}

static pid_t only_child(void) {
  char path[64];
  int pid = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  FILE *file = fopen(path, "re");
  assert_true(file && fscanf(file, "%d", &pid) == 1);
  fclose(file);
  return pid;
}

/* What it used is not forgotten: a counter must not fall. */
static void killed(void **state) {
  struct world *w = *state;
  ask(w, 10);
  uint64_t before = pm_reader_cpu_ns(w->reader);
  pid_t pid = only_child();
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  check_true("killed", "cost", before && pm_reader_cpu_ns(w->reader) >= before);
  ask(w, 10);
  ask(w, 10);
  check_u64("another", "reads", count_status(w, 10, 0), 10);
  check_true("another", "cost", pm_reader_cpu_ns(w->reader) > before);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  check_pidfd();
  const struct CMUnitTest tests[] = {
      HERE(reads),         HERE(cmdline_blocks),     HERE(stat_blocks),
      HERE(others_go_on),  HERE(slow_ones),          HERE(no_time),
      HERE(lists),         HERE(slow_machine),       HERE(list_blocks),
      HERE(list_computes), HERE(no_helper),          HERE(silent),
      HERE(killed),        cmocka_unit_test(owners),
  };
  return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
