/* The BPF sampler on the running kernel: equal to /proc field by field where
 * nothing moves, equal to wait4(2) where processes end. */
#include "core/sampler/sample.h"
#include "core/sampler/sample_bpf.h"

#include "core/procfs/detail.h"
#include "core/sampler/bpf/death.h"
#include "core/sampler/bpf/deaths.h"
#include "core/sampler/bpf/dumper.h"
#include "core/sampler/bpf/walker.h"
#include "core/sampler/sample_proc.h"
#include "unit/support/built_reader.h"
#include "unit/support/check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEN_MAX = 1 << 16 };

struct seen {
  struct pm_task task[SEEN_MAX];
  size_t count;
};

struct deaths {
  struct pm_death death[SEEN_MAX];
  size_t count;
};

struct world {
  struct pm_root root;
  struct pm_reader *reader;
  struct pm_sampler walk, dump, proc;
  struct seen seen;
  struct deaths deaths;
};

static void take(void *arg, const struct pm_task *batch, size_t n) {
  struct world *w = arg;
  for (size_t i = 0; i < n && w->seen.count < SEEN_MAX; i++)
    w->seen.task[w->seen.count++] = batch[i];
}

static void take_deaths(void *arg, const struct pm_death *batch, size_t n) {
  struct world *w = arg;
  for (size_t i = 0; i < n && w->deaths.count < SEEN_MAX; i++)
    w->deaths.death[w->deaths.count++] = batch[i];
}

static void scan(struct world *w, struct pm_sampler *sampler) {
  struct pm_sink sink = {take, take_deaths, w};
  struct pm_err err = PM_ERR_INIT;
  w->seen.count = 0;
  if (sampler->ops->scan(sampler->self, &sink, pm_now_read(), &err) < 0)
    fail_msg("%s", err.text);
}

static const struct pm_task *find(const struct world *w, pid_t pid) {
  for (size_t i = 0; i < w->seen.count; i++)
    if (w->seen.task[i].pid == pid)
      return &w->seen.task[i];
  return NULL;
}

static uint64_t drain(struct world *w) {
  struct pm_sink sink = {take, take_deaths, w};
  struct pm_err err = PM_ERR_INIT;
  uint64_t lost = 0;
  if (w->walk.ops->drain(w->walk.self, &sink, pm_now_read(), &lost, &err) < 0)
    fail_msg("%s", err.text);
  return lost;
}

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct pm_err err = PM_ERR_INIT;
  w->root = (struct pm_root)PM_ROOT_INIT;
  if (pm_root_open(&w->root, "/proc", "/sys", &err) < 0 ||
      pm_sample_proc.open(&w->root, w->reader = built_reader(&w->root),
                          &w->proc, &err) < 0)
    return -1;
  if (pm_sample_bpf_open(&w->root, w->reader, PM_BPF_WALK_MAX, &w->walk, &err) <
          0 ||
      pm_sample_bpf_open(&w->root, w->reader, 0, &w->dump, &err) < 0)
    check_skip(err.text);
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_sample_close(&w->walk);
  pm_sample_close(&w->dump);
  pm_sample_close(&w->proc);
  pm_reader_free(w->reader);
  pm_root_close(&w->root);
  free(w);
  return 0;
}

/* ---- children ---- */

static void burn(unsigned microseconds) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  long end = now.tv_sec * 1000000 + now.tv_nsec / 1000 + microseconds;
  do
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while (now.tv_sec * 1000000 + now.tv_nsec / 1000 < end);
}

static void *burn_thread(void *arg) {
  burn(*(unsigned *)arg);
  return NULL;
}

static void *wait_thread(void *arg) {
  burn(*(unsigned *)arg);
  for (;;)
    pause();
  return NULL;
}

static void read_and_write(void) {
  char block[4096] = {1};
  int fd = memfd_create("io", MFD_CLOEXEC);
  for (int i = 0; i < 10; i++)
    if (write(fd, block, sizeof block) < 0)
      _exit(9);
  if (pread(fd, block, sizeof block, 0) < 0)
    _exit(9);
}

static void touch_memory(size_t bytes) {
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(at, 1, bytes);
}

static void start_threads(int count, void *(*body)(void *), unsigned *arg) {
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, arg) == 0 && body == burn_thread)
      pthread_join(thread, NULL);
  }
}

static pid_t child(void (*body)(unsigned), unsigned arg) {
  pid_t pid = fork();
  if (pid == 0) {
    body(arg);
    _exit(0);
  }
  return pid;
}

static void end_child(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

/* Thousands of children that share our memory and never touch it: copying the
 * page tables of a sanitized program for each would take minutes.  A bare
 * system call, as nothing of ours may run twice in one memory. */

__attribute__((no_sanitize("address", "thread", "undefined"))) static int
end_at_once(void *unused) {
  (void)unused;
  return (int)syscall(SYS_exit_group, 0);
}

static pid_t bare_child(void) {
  static _Alignas(16) char stack[8192];
  return clone(end_at_once, stack + sizeof stack,
               CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
}

/* ---- equality ---- */

/* Whoever looks at the process for being the same user: nobody, somebody. */
static void be_somebody(unsigned kind) {
  uint32_t other = kind == 3 ? 4244 : 4243;
  if (geteuid() != 0 || kind < 2 || kind > 4)
    return;
  if (setresgid(4242, kind == 4 ? 4241 : 4242, 4242) < 0 ||
      setresuid(4243, other, other) < 0)
    _exit(9);
}

static void busy_then_stop(unsigned threads) {
  static unsigned microseconds = 30000;
  read_and_write();
  touch_memory(3 << 20);
  burn(microseconds);
  be_somebody(threads);
  start_threads((int)threads, burn_thread, &microseconds);
  start_threads((int)threads, wait_thread, &microseconds);
  usleep(300000); /* let them come to rest */
  raise(SIGSTOP);
}

static const char *const field_names[] = {
#define PM_FIELD(ident, kind, join, unit, what) #ident,
#include "core/record/field.def"
#undef PM_FIELD
};

static void check_fields(const char *row, const struct pm_task *have,
                         const struct pm_task *want, uint64_t tick_ns) {
  for (uint32_t bits = want->have & have->have; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    uint64_t value = have->v[f];
    if (PM_BIT(f) & PM_HAVE_CPU) /* /proc tells whole ticks */
      value -= value % tick_ns;
    check_u64(row, field_names[f], value, want->v[f]);
  }
}

static void check_equal(const char *row, const struct pm_task *have,
                        const struct pm_task *want, uint64_t tick_ns) {
  check_int(row, "ppid", have->ppid, want->ppid);
  check_u64(row, "birth", have->birth, want->birth);
  check_int(row, "state", have->state, want->state);
  check_text(row, "comm", have->comm, want->comm);
  check_u64(row, "reaped faults", have->reaped_faults, want->reaped_faults);
  check_u64(row, "gives all of /proc", want->have & ~have->have, 0);
  struct pm_task rest = *want; /* stat shows resident memory approximately */
  rest.have &= ~PM_BIT(PM_F_rss);
  check_fields(row, have, &rest, tick_ns);
}

static bool is_before(int major, int minor) {
  struct utsname name;
  int have[2] = {0};
  uname(&name);
  sscanf(name.release, "%d.%d", &have[0], &have[1]);
  return have[0] < major || (have[0] == major && have[1] < minor);
}

/* Exact since 6.16, 82241a83cd15. */
static uint64_t statm_rss(const struct world *w, pid_t pid) {
  char path[32];
  unsigned long pages = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
  FILE *file = fopen(path, "re");
  if (file && fscanf(file, "%*u %lu", &pages) != 1)
    pages = 0;
  if (file)
    fclose(file);
  return pages * w->root.units.page_bytes;
}

/* The other files of the process, as far as the sampler knows them too. */
static void check_files(const struct world *w, const char *row,
                        const struct pm_task *have) {
  static struct pm_detail d;
  unsigned want = PM_WANT_IO | PM_WANT_MEMORY | PM_WANT_UID | PM_WANT_IDS;
  int status = pm_detail_read(&w->root, have->pid, have->birth, want, &d);
  check_int(row, "detail", status, 0);
  if (!is_before(6, 16))
    check_u64(row, "rss", have->v[PM_F_rss], statm_rss(w, have->pid));
  if (!is_before(6, 2) && is_before(6, 16)) /* approximate there */
    d.numbers.have &= ~PM_HAVE_MEMORY;
  check_fields(row, have, &d.numbers, w->root.units.tick_ns);
  if (!(d.got & PM_WANT_IDS))
    return;
  check_u64(row, "uid", have->uid, d.uid);
  check_u64(row, "look_gid", have->ptrace_gid,
            pm_ptrace_gid(d.uids, d.gids, d.permitted));
}

static void frozen_tree(void **state) {
  struct world *w = *state;
  enum { CHILDREN = 6 };
  pid_t pid[CHILDREN];
  struct pm_task want[CHILDREN];
  for (unsigned i = 0; i < CHILDREN - 1; i++)
    pid[i] = child(busy_then_stop, i);
  pid[CHILDREN - 1] = child(burn, 20000); /* stays a zombie */
  for (int i = 0; i < CHILDREN; i++) {
    siginfo_t info;
    waitid(P_PID, (id_t)pid[i], &info, WSTOPPED | WEXITED | WNOWAIT);
  }
  scan(w, &w->proc); /* first: this settles the split of user and system */
  for (int i = 0; i < CHILDREN; i++)
    want[i] = *find(w, pid[i]);
  struct pm_sampler *samplers[] = {&w->walk, &w->dump};
  for (int s = 0; s < 2; s++) {
    scan(w, samplers[s]);
    for (int i = 0; i < CHILDREN; i++) {
      char row[64];
      snprintf(row, sizeof row, "%s, child %d", s ? "dump" : "walk", i);
      const struct pm_task *have = find(w, pid[i]);
      if (!check_true(row, "found", have))
        continue;
      check_equal(row, have, &want[i], w->root.units.tick_ns);
      if (want[i].state != 'Z')
        check_files(w, row, have);
    }
  }
  for (int i = 0; i < CHILDREN; i++) {
    kill(pid[i], SIGKILL);
    waitpid(pid[i], NULL, 0);
  }
  check_end();
}

/* ---- memory ---- */

/* A few pages on each CPU: fewer than the kernel adds to its common count. */
static void touch_on_every_cpu(unsigned pages) {
  cpu_set_t all, one;
  sched_getaffinity(0, sizeof all, &all);
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all))
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    touch_memory(pages * 4096);
  }
  raise(SIGSTOP);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Whoever did not change meanwhile: how far is it from statm(5), at the median?
 */
static double median_fault(struct world *w, struct pm_sampler *sampler) {
  static double fault[SEEN_MAX];
  size_t n = 0;
  scan(w, sampler);
  for (size_t i = 0; i < w->seen.count; i++) {
    const struct pm_task *t = &w->seen.task[i];
    double want = (double)statm_rss(w, t->pid), have = (double)t->v[PM_F_rss];
    if (want > 0 && have > 0)
      fault[n++] = have > want ? have / want - 1 : 1 - have / want;
  }
  qsort(fault, n, sizeof *fault, by_size);
  printf("  %s: %zu processes, rss off by %.2f %% at the median, %.2f %% of "
         "nine in ten\n",
         sampler->what, n, fault[n / 2] * 100, fault[n * 9 / 10] * 100);
  return fault[n / 2];
}

static void check_rss(struct world *w, struct pm_sampler *sampler,
                      const pid_t *pid, int n) {
  scan(w, sampler);
  for (int i = 0; i < n; i++)
    check_u64(sampler->what, "rss", find(w, pid[i])->v[PM_F_rss],
              statm_rss(w, pid[i]));
}

static void memory_is_exact(void **state) {
  struct world *w = *state;
  enum { CHILDREN = 24 };
  pid_t pid[CHILDREN];
  siginfo_t info;
  if (is_before(6, 16)) /* nothing to compare with */
    skip();
  for (unsigned i = 0; i < CHILDREN; i++)
    pid[i] = child(touch_on_every_cpu, i + 3);
  for (int i = 0; i < CHILDREN; i++)
    waitid(P_PID, (id_t)pid[i], &info, WSTOPPED);
  struct pm_sampler *samplers[] = {&w->walk, &w->dump};
  for (int s = 0; s < 2; s++) {
    for (int turn = 0; turn < 3; turn++) /* read, then kept */
      check_rss(w, samplers[s], pid, CHILDREN);
    check_true(samplers[s]->what, "median",
               median_fault(w, samplers[s]) < 0.005);
  }
  for (int i = 0; i < CHILDREN; i++)
    end_child(pid[i]);
  check_end();
}

static int shared;

static void share_memory(unsigned bytes) {
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
  memset(at, 1, bytes);
  raise(SIGSTOP);
}

static void take_away(struct world *w, struct pm_sampler *sampler,
                      unsigned bytes, int turns) {
  siginfo_t info;
  shared = memfd_create("shared", MFD_CLOEXEC);
  assert_int_equal(ftruncate(shared, bytes), 0);
  pid_t pid = child(share_memory, bytes);
  waitid(P_PID, (id_t)pid, &info, WSTOPPED);
  check_rss(w, sampler, &pid, 1);
  uint64_t before = find(w, pid)->v[PM_F_rss];
  assert_int_equal(ftruncate(shared, 0), 0);
  for (int turn = 1; turn < turns; turn++)
    scan(w, sampler);
  check_rss(w, sampler, &pid, 1);
  check_u64(sampler->what, "what was taken", before - find(w, pid)->v[PM_F_rss],
            bytes);
  end_child(pid);
  close(shared);
}

/* What others take from a sleeper shows when its turn comes; at once where it
 * is so much that the common count changes. */
static void memory_of_sleepers(void **state) {
  struct world *w = *state;
  struct pm_sampler *samplers[] = {&w->walk, &w->dump};
  if (is_before(6, 16))
    skip();
  for (int s = 0; s < 2; s++) {
    take_away(w, samplers[s], 20 * 4096, 33);
    for (unsigned pages = 1000; pages < 1010; pages++)
      take_away(w, samplers[s], pages * 4096, 1);
  }
  check_end();
}

/* Anonymous memory: it has some. */
static int64_t own_memory(const struct pm_bpf_task *rows, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (rows[i].pid == (uint32_t)getpid())
      return rows[i].now.count[PM_BPF_ANON] * sysconf(_SC_PAGESIZE);
  return 0;
}

/* The forms for older kernels load on this one, too. */
static void older_forms_load(void **state) {
  const struct world *w = *state;
  bool walks = strcmp(w->walk.what, w->dump.what) != 0;
  struct pm_bpf_walker walker = PM_BPF_WALKER_INIT;
  struct pm_bpf_dumper dumper = PM_BPF_DUMPER_INIT;
  struct pm_bpf_setup setup = {.approximate = true};
  struct pm_err err = PM_ERR_INIT;
  static char pieces[65536];
  uint32_t tasks;
  if ((walks && pm_bpf_walker_open(&walker, setup, SEEN_MAX, &err) < 0) ||
      pm_bpf_dumper_open(&dumper, setup, SEEN_MAX, &err) < 0)
    fail_msg("%s", err.text);
  int64_t n = walks ? pm_bpf_walker_run(&walker, true, &tasks, &err) : 0;
  check_true("walk", "memory", !walks || own_memory(walker.rows, n) > 1 << 20);
  int fd = pm_bpf_dumper_run(&dumper, true, &err);
  while (read(fd, pieces, sizeof pieces) > 0)
    continue;
  check_true("dump", "memory",
             own_memory(dumper.rows, dumper.dump->next) > 1 << 20);
  close(fd);
  pm_bpf_walker_close(&walker);
  pm_bpf_dumper_close(&dumper);
  check_end();
}

static const struct pm_task *find_in(const struct seen *seen, pid_t pid,
                                     uint64_t birth) {
  for (size_t i = 0; i < seen->count; i++)
    if (seen->task[i].pid == pid && seen->task[i].birth == birth)
      return &seen->task[i];
  return NULL;
}

static void check_same(const struct pm_task *have, const struct pm_task *want,
                       const struct pm_task *then) {
  if (!check_true(want->comm, "is not missing", have))
    return;
  check_u64(want->comm, "kernel", have->flags & PM_TASK_KERNEL,
            want->flags & PM_TASK_KERNEL);
  if (want->flags & PM_TASK_KERNEL) /* /proc decorates workers */
    return;
  if (strcmp(want->comm, then->comm) == 0)
    check_text(want->comm, "comm", have->comm, want->comm);
}

/* Everybody: who is there, and what cannot change while we look.  Others come
 * and go meanwhile: who was there before and after was there in between, and
 * who was in neither was born after the first look. */
static void check_machine(struct world *w, struct pm_sampler *sampler) {
  static struct seen before, have;
  uint64_t start = pm_now_read().boot / w->root.units.tick_ns;
  scan(w, &w->proc);
  before = w->seen;
  scan(w, sampler);
  have = w->seen;
  scan(w, &w->proc);
  for (size_t i = 0; i < before.count; i++) {
    const struct pm_task *want = &before.task[i];
    const struct pm_task *then = find_in(&w->seen, want->pid, want->birth);
    if (then)
      check_same(find_in(&have, want->pid, want->birth), want, then);
  }
  for (size_t i = 0; i < have.count; i++) {
    const struct pm_task *t = &have.task[i];
    check_true(t->comm, "is not invented",
               t->birth >= start || find_in(&before, t->pid, t->birth));
  }
}

static void whole_machine(void **state) {
  struct world *w = *state;
  check_machine(w, &w->walk);
  check_machine(w, &w->dump);
  check_end();
}

/* ---- the walk keeps its rows ---- */

static void sleep_on(unsigned unused) {
  (void)unused;
  while (true)
    pause();
}

/* A newcomer among the others: in the order of pids it has no row yet. */
static pid_t child_in_place_of(pid_t gone) {
  char last[16];
  int fd = open("/proc/sys/kernel/ns_last_pid", O_RDWR | O_CLOEXEC);
  ssize_t n = pread(fd, last, sizeof last, 0);
  dprintf(fd, "%d", gone - 1);
  pid_t pid = child(sleep_on, 0);
  /* the tests to come go by pids that nobody had before */
  if (n > 0 && pwrite(fd, last, (size_t)n, 0) < 0)
    perror("ns_last_pid");
  close(fd);
  return pid;
}

/* Others start processes, too: a number that was given up may be theirs, or
 * that of a child of ours that was meant for another place. */
static bool is_taken(pid_t pid) { return pid > 0 && kill(pid, 0) == 0; }

static size_t times_ours(const struct world *w, pid_t pid) {
  size_t times = 0;
  for (size_t i = 0; i < w->seen.count; i++)
    times += w->seen.task[i].pid == pid && w->seen.task[i].ppid == getpid();
  return times;
}

static void check_rows(struct world *w, struct pm_sampler *sampler,
                       const pid_t *pid, int n, const char *row) {
  size_t wrong = 0;
  scan(w, sampler);
  for (int i = 0; i < n; i++) {
    if (!is_taken(-pid[i])) /* < 0: it is gone */
      wrong += times_ours(w, pid[i] > 0 ? pid[i] : -pid[i]) != (pid[i] > 0);
  }
  check_u64(row, "wrong ones", wrong, 0);
}

static void come_and_go(struct world *w, struct pm_sampler *sampler) {
  enum { CHILDREN = 1100 }; /* more than the first room */
  static pid_t pid[CHILDREN];
  for (int i = 0; i < CHILDREN; i++)
    pid[i] = child(sleep_on, 0);
  for (int step = 2; step <= 7; step++) {
    char row[64];
    snprintf(row, sizeof row, "%s, step %d", sampler->what, step);
    check_rows(w, sampler, pid, CHILDREN, row);
    for (int i = step; i < CHILDREN; i++) {
      bool many = step == 4 && i > CHILDREN / 2 && i < CHILDREN / 2 + 100;
      if (pid[i] < 0 || (i % step && !many))
        continue;
      end_child(pid[i]);
      pid[i] = i % 50 < 3 ? child_in_place_of(pid[i]) : -pid[i];
    }
  }
  for (int i = 0; i < CHILDREN; i++)
    if (pid[i] > 0)
      end_child(pid[i]);
}

/* Rows of those that are gone are passed over and in the end closed up, those
 * who come in between find a place; nobody is shown twice, left out, or kept.
 */
static void rows_come_and_go(void **state) {
  struct world *w = *state;
  come_and_go(w, &w->walk);
  come_and_go(w, &w->dump);
  check_end();
}

static void two_threads(unsigned unused) {
  (void)unused;
  static unsigned nothing;
  start_threads(1, wait_thread, &nothing);
  sleep_on(0);
}

/* More pieces than the iterator's buffer holds: one that finds no room is
 * written again, and its process is still one. */
static void threads_fill_the_buffer(void **state) {
  struct world *w = *state;
  enum { CHILDREN = 500 };
  static pid_t pid[CHILDREN];
  static uint64_t want[CHILDREN]; /* a sanitizer may have threads of its own */
  for (int i = 0; i < CHILDREN; i++)
    pid[i] = child(two_threads, 0);
  for (int fewest = 0, tries = 0; fewest < 2 && tries < 600; tries++) {
    usleep(100000);
    scan(w, &w->proc);
    fewest = 2;
    for (int i = 0; i < CHILDREN; i++) {
      want[i] = find(w, pid[i])->v[PM_F_threads];
      fewest = want[i] < 2 ? 1 : fewest;
    }
  }
  struct pm_sampler *samplers[] = {&w->walk, &w->dump};
  for (int s = 0; s < 2; s++) {
    check_rows(w, samplers[s], pid, CHILDREN, samplers[s]->what);
    for (int i = 0; i < CHILDREN; i++) {
      const struct pm_task *t = find(w, pid[i]);
      check_u64(samplers[s]->what, "threads", t ? t->v[PM_F_threads] : 0,
                want[i]);
    }
  }
  for (int i = 0; i < CHILDREN; i++)
    end_child(pid[i]);
  check_end();
}

static void leave_the_others(unsigned unused) {
  static unsigned nothing;
  (void)unused;
  touch_memory(3 << 20);
  start_threads(1, wait_thread, &nothing);
  usleep(100000); /* until it waits */
  syscall(SYS_exit, 0);
}

static char state_of(pid_t pid) {
  char path[32], state = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  assert_true(file && fscanf(file, "%*d %*s %c", &state) == 1);
  fclose(file);
  return state;
}

static void check_outlived(const struct world *w, pid_t pid, const char *row) {
  const struct pm_task *t = find(w, pid);
  if (!check_true(row, "found", t))
    return;
  check_int(row, "state", t->state, 'S');
  check_true(row, "rss", t->v[PM_F_rss] > 3 << 20);
  check_true(row, "vsize", t->v[PM_F_vsize] > t->v[PM_F_rss]);
  check_true(row, "threads", t->v[PM_F_threads] >= 2);
}

/* The first thread has ended, another one lives: it is no zombie, and its
 * memory and files are those of the others. */
static void first_thread_ended(void **state) {
  struct world *w = *state;
  pid_t pid = child(leave_the_others, 0);
  struct pm_sampler *samplers[] = {&w->proc, &w->walk, &w->dump};
  for (int tries = 0; state_of(pid) != 'Z' && tries < 600; tries++)
    usleep(50000);
  for (int s = 0; s < 3; s++) {
    scan(w, samplers[s]);
    check_outlived(w, pid, samplers[s]->what);
  }
  struct pm_detail d;
  unsigned want = PM_WANT_EXE | PM_WANT_CMDLINE | PM_WANT_FDS | PM_WANT_MEMORY;
  check_int("files", "status", pm_detail_read(&w->root, pid, 0, want, &d), 0);
  check_u64("files", "got", d.got, want);
  check_true("files", "exe", d.exe[0]);
  check_true("files", "cmdline", d.cmdline_length > 0);
  check_true("files", "fds", d.numbers.v[PM_F_fds] > 0);
  check_true("files", "rss", d.numbers.v[PM_F_rss] > 3 << 20);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  check_end();
}

static int go[2];

static void wait_then_burn(unsigned microseconds) {
  char byte;
  if (read(go[0], &byte, 1) != 1)
    _exit(9);
  burn(microseconds);
  touch_memory(1 << 20);
  prctl(PR_SET_NAME, "renamed");
  raise(SIGSTOP);
}

static void wake(struct world *w, struct pm_sampler *sampler) {
  const char *row = sampler->what;
  assert_int_equal(pipe2(go, O_CLOEXEC), 0);
  pid_t pid = child(wait_then_burn, 50000);
  siginfo_t info;
  usleep(100000);
  scan(w, sampler);
  scan(w, sampler);
  uint64_t before = find(w, pid)->v[PM_F_cpu_user];
  assert_int_equal(write(go[1], "", 1), 1);
  waitid(P_PID, (id_t)pid, &info, WSTOPPED);
  scan(w, sampler);
  struct pm_task have = *find(w, pid);
  check_true(row, "its CPU shows",
             have.v[PM_F_cpu_user] + have.v[PM_F_cpu_system] >=
                 before + 50000000);
  check_true(row, "its memory shows", have.v[PM_F_rss] >= 1 << 20);
  check_text(row, "its new name shows", have.comm, "renamed");
  end_child(pid);
  close(go[0]), close(go[1]);
}

/* A row that was kept for a sleeper is read anew when it has run. */
static void sleepers_wake(void **state) {
  struct world *w = *state;
  wake(w, &w->walk);
  wake(w, &w->dump);
  check_end();
}

/* ---- the end ---- */

/* What a child does, by its number: bursts shorter than a tick, threads that
 * end and that live on, children of its own, signals, another program. */
static void short_life(unsigned kind) {
  static unsigned microseconds;
  microseconds = 50 + kind * 97 % 4000;
  burn(kind * 31 % 3000);
  switch (kind % 8) {
  case 1:
    start_threads(3, burn_thread, &microseconds);
    break;
  case 2:
    start_threads(3, wait_thread, &microseconds);
    usleep(2000);
    break;
  case 3:
    waitpid(child(burn, microseconds), NULL, 0);
    break;
  case 4:
    read_and_write();
    _exit(3);
  case 5:
    raise(SIGKILL);
    break;
  case 6:
    execl("/bin/true", "true", (char *)NULL);
    break;
  case 7:
    touch_memory(8 << 20);
    break;
  }
}

static const struct pm_death *find_death(const struct world *w, pid_t pid) {
  for (size_t i = 0; i < w->deaths.count; i++)
    if (w->deaths.death[i].last.pid == pid &&
        w->deaths.death[i].last.ppid == getpid())
      return &w->deaths.death[i];
  return NULL;
}

/* So soon that its free record was there?  Its exit record takes a second,
 * whatever a busy machine makes of our pauses. */
static bool wait_for_death(struct world *w, pid_t pid) {
  enum { PAUSE_US = 20000 };
  uint64_t start = pm_now_read().mono, took = 0;
  while (!find_death(w, pid) && took < 60 * PM_NS_PER_S) {
    usleep(PAUSE_US);
    drain(w);
    took = pm_now_read().mono - start;
  }
  return took < PM_NS_PER_S * 7 / 10;
}

static uint64_t microseconds_of(const struct timeval *t) {
  return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

/* A parent on another CPU may reap a child that has not yet left its own: then
 * the last microseconds are in the record and not in rusage.  So it waits until
 * the child is there to be reaped, and a little longer. */
static void reap(pid_t pid, int *status, struct rusage *used) {
  siginfo_t info;
  waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
  usleep(2000);
  wait4(pid, status, 0, used);
}

/* What its record has beyond rusage, which cuts both halves of the CPU to
 * microseconds. */
static int64_t cpu_beyond(const struct pm_death *d, const struct rusage *used) {
  uint64_t want =
      microseconds_of(&used->ru_utime) + microseconds_of(&used->ru_stime);
  uint64_t have =
      (d->last.v[PM_F_cpu_user] + d->last.v[PM_F_cpu_system]) / 1000;
  return have == want + 1 ? 0 : (int64_t)(have - want);
}

static void check_end_of(const char *row, const struct pm_death *d,
                         int status) {
  check_u64(row, "status", d->last.status, (uint32_t)status);
  check_int(row, "ppid", d->last.ppid, getpid());
  check_u64(row, "ended", d->last.flags & PM_TASK_ENDED, PM_TASK_ENDED);
}

static void check_death(const char *row, const struct pm_death *d,
                        const struct rusage *used, bool becomes_another) {
  /* who was held up at his very end had not left his CPU when he was reaped */
  check_true(row, "CPU", cpu_beyond(d, used) >= 0 && cpu_beyond(d, used) < 500);
  check_u64(row, "voluntary", d->last.v[PM_F_switch_voluntary],
            (uint64_t)used->ru_nvcsw);
  check_u64(row, "faults", d->last.v[PM_F_faults_minor],
            (uint64_t)used->ru_minflt);
  if (!becomes_another)
    check_u64(row, "maxrss", d->last.maxrss_bytes / 1024,
              (uint64_t)used->ru_maxrss);
}

/* rusage of a child holds its waited-for children: those of kind 3 have some.
 * Some kernels make no record of some processes (see procman_exit in
 * exit.bpf.c): these are told by their exit record, and so later. */
static void ends_equal_wait4(void **state) {
  struct world *w = *state;
  enum { CHILDREN = 400 };
  int inexact = 0;
  for (unsigned i = 0; i < CHILDREN; i++) {
    char row[32];
    struct rusage used;
    int status;
    drain(w);
    w->deaths.count = 0; /* numbers are given again */
    pid_t pid = child(short_life, i);
    reap(pid, &status, &used);
    bool soon = wait_for_death(w, pid);
    const struct pm_death *d = find_death(w, pid);
    snprintf(row, sizeof row, "child %u", i);
    if (!check_true(row, "told", d))
      continue;
    check_end_of(row, d, status);
    bool exact = i % 8 == 3 || cpu_beyond(d, &used) == 0;
    inexact += !exact;
    if (i % 8 != 3 && (exact || soon))
      check_death(row, d, &used, i % 8 == 6);
  }
  printf("  %d of %d were not told to the microsecond\n", inexact, CHILDREN);
  check_true("all", "nearly every one is exact", inexact <= CHILDREN / 20);
  check_end();
}

static const struct pm_task *self(struct world *w) {
  scan(w, &w->walk);
  return find(w, getpid());
}

/* A copy of its parent can be told from one that has become another program. */
static void knows_its_parent(void **state) {
  struct world *w = *state;
  uint64_t mark = self(w)->exec_mark, birth = self(w)->birth;
  drain(w);
  pid_t copy = child(short_life, 0), other = child(short_life, 6);
  waitpid(copy, NULL, 0);
  waitpid(other, NULL, 0);
  wait_for_death(w, copy);
  wait_for_death(w, other);
  const struct pm_death *c = find_death(w, copy), *o = find_death(w, other);
  assert_true(c && o);
  check_u64("copy", "birth of the parent", c->parent_birth, birth);
  check_u64("copy", "mark of the parent", c->parent_mark, mark);
  check_u64("copy", "own mark", c->last.exec_mark, mark);
  check_text("copy", "comm", c->last.comm, self(w)->comm);
  check_u64("other", "mark of the parent", o->parent_mark, mark);
  check_true("other", "own mark", o->last.exec_mark != mark);
  check_text("other", "comm", o->last.comm, "true");
  check_end();
}

static void grow_and_become(unsigned bytes) {
  touch_memory(bytes);
  execl("/bin/true", "true", (char *)NULL);
}

/* The peak of a program that came by execve is not that of the one before. */
static void peak_is_its_own(void **state) {
  struct world *w = *state;
  enum { BEFORE = 64 << 20 };
  struct rusage used;
  int status;
  drain(w);
  pid_t pid = child(grow_and_become, BEFORE);
  reap(pid, &status, &used);
  wait_for_death(w, pid);
  const struct pm_death *d = find_death(w, pid);
  assert_true(d);
  check_true("rusage", "has the one before", used.ru_maxrss >= BEFORE / 1024);
  check_true("record", "has not", d->last.maxrss_bytes < BEFORE / 8);
  if (!is_before(6, 16))
    check_true("record", "has its own", d->last.maxrss_bytes > 65536);
  check_end();
}

/* The same memory many times: long to tear down, and little of it. */
static void map_often(unsigned times) {
  enum { BYTES = 64 << 20 };
  int fd = memfd_create("large", MFD_CLOEXEC);
  if (ftruncate(fd, BYTES) < 0)
    _exit(9);
  for (unsigned i = 0; i < times; i++)
    mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
}

static uint64_t tail_ns(const struct pm_bpf_deaths *deaths) {
  uint32_t which = PM_BPF_TAIL_NS;
  uint64_t ns = 0;
  bpf_map_lookup_elem(deaths->counts, &which, &ns);
  return ns;
}

static int forget(void *arg, void *record, size_t size) {
  (void)arg, (void)record, (void)size;
  return 0;
}

/* What a process uses after its exit record, as it is learnt from many small
 * ones: a few large ones, which take long to tear down, change little. */
static void tail_is_of_the_many(void **state) {
  (void)state;
  enum { SMALL = 100, LARGE = 4, TICK = 10000000 };
  struct pm_bpf_deaths deaths = PM_BPF_DEATHS_INIT;
  struct pm_bpf_setup setup = {0};
  struct pm_err err = PM_ERR_INIT;
  if (pm_bpf_deaths_open(&deaths, setup, true, forget, NULL, &err) < 0)
    fail_msg("%s", err.text);
  for (int i = 0; i < SMALL; i++)
    waitpid(child(burn, 100), NULL, 0);
  usleep(100000);
  uint64_t before = tail_ns(&deaths);
  for (int i = 0; i < LARGE; i++)
    waitpid(child(map_often, 1200), NULL, 0);
  usleep(100000);
  uint64_t after = tail_ns(&deaths);
  printf("  tail %llu us, after a few large ones %llu us\n",
         (unsigned long long)before / 1000, (unsigned long long)after / 1000);
  check_true("small", "some", before > 0);
  check_true("small", "below a tick", before < TICK);
  check_true("large", "change little", after < before + TICK / 2);
  pm_bpf_deaths_close(&deaths);
  check_end();
}

/* Every process that ended is either told or counted as lost. */
static void counts_what_is_lost(void **state) {
  struct world *w = *state;
  enum { CHILDREN = 20000 };
  drain(w);
  w->deaths.count = 0;
  for (int i = 0; i < CHILDREN; i++)
    waitpid(bare_child(), NULL, 0);
  sleep(1);
  uint64_t lost = drain(w);
  printf("  %d ended unobserved: %zu records, %llu lost\n", CHILDREN,
         w->deaths.count, (unsigned long long)lost);
  check_true("storm", "some found no room", lost > 0);
  check_true("storm", "nearly none is forgotten",
             w->deaths.count + lost >= CHILDREN * 99 / 100);
  /* those of others may have found no room until it was emptied */
  check_true("storm", "they are counted once", drain(w) <= lost / 10 + 8);
  check_end();
}

/* ---- as a guest ---- */

static int open_files(bool low) {
  int count = 0;
  for (int fd = 0; fd < (low ? 1024 : 4096); fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static int somebodys_print(enum libbpf_print_level level, const char *format,
                           va_list args) {
  (void)level, (void)format, (void)args;
  return 0;
}

static void leaves_no_trace(void **state) {
  struct world *w = *state;
  libbpf_print_fn_t print = libbpf_set_print(somebodys_print);
  struct rlimit before, after;
  struct pm_err err = PM_ERR_INIT;
  getrlimit(RLIMIT_MEMLOCK, &before);
  int files = open_files(false), low = open_files(true);
  struct pm_sampler extra;
  assert_int_equal(pm_sample_bpf_open(&w->root, w->reader, 1, &extra, &err), 0);
  scan(w, &extra);
  scan(w, &extra); /* more than one thread: by now it is the dump */
  /* the ring buffer's epoll descriptor is libbpf's */
  struct rlimit files_max;
  getrlimit(RLIMIT_NOFILE, &files_max);
  if (files_max.rlim_cur > 1100) /* else there are no high ones */
    check_true("open", "few low descriptors", open_files(true) <= low + 1);
  pm_sample_close(&extra);
  getrlimit(RLIMIT_MEMLOCK, &after);
  check_true("closed", "libbpf's print callback",
             libbpf_set_print(print) == somebodys_print);
  check_int("closed", "descriptors", open_files(false), files);
  check_true("closed", "RLIMIT_MEMLOCK",
             before.rlim_cur == after.rlim_cur &&
                 before.rlim_max == after.rlim_max);
  check_end();
}

static void says_what_it_is(void **state) {
  struct world *w = *state;
  check_int("walk", "level", w->walk.level, 3);
  check_true("walk", "deaths", w->walk.deaths);
  check_text("dump", "form", w->dump.what, "BPF, task iterator");
  check_u64("walk", "gives", PM_HAVE_IO & ~w->walk.gives, 0);
  check_end();
}

/* ---- in other pid namespaces ---- */

static void fail_child(const char *what) {
  perror(what);
  _exit(9);
}

/* Goes on as the first process of a new pid namespace with its own /proc (in a
 * chroot, "/" is no mount that could be made private); who called it waits and
 * ends as that one does. */
static void go_apart(void) {
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ||
      mount("none", "/proc", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    fail_child("unshare");
  pid_t pid = fork();
  int status;
  if (pid > 0)
    _exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status)
              ? WEXITSTATUS(status)
              : 9);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount("proc", "/proc", "proc", 0, NULL) < 0)
    fail_child("mount");
}

static void stay_apart(unsigned levels) {
  for (unsigned i = 0; i < levels; i++)
    go_apart();
  pause();
}

static void test_apart(unsigned levels) {
  for (unsigned i = 0; i < levels; i++)
    go_apart();
  execl("/proc/self/exe", "test_sample_bpf", "apart", (char *)NULL);
  fail_child("exec");
}

/* The numbers there are the first few, and a neighbour's are the same ones. */
static void other_pid_namespaces(void **state) {
  (void)state;
  if (geteuid() != 0) /* CAP_BPF and CAP_PERFMON alone make none */
    skip();
  if (is_before(6, 5)) { /* struct pid shows its first number only */
    print_message("not before Linux 6.5\n");
    skip();
  }
  for (unsigned levels = 1; levels <= 3; levels++) {
    int status;
    pid_t neighbour = child(stay_apart, levels);
    usleep(100000);
    waitpid(child(test_apart, levels), &status, 0);
    check_int("apart", "exit status", WEXITSTATUS(status), 0);
    kill(neighbour, SIGTERM);
    waitpid(neighbour, NULL, 0);
  }
  check_end();
}

static void says_what_it_lacks(void **state) {
  struct world *w = *state;
  check_int("apart", "level", w->walk.level, 2);
  check_true("apart", "deaths", !w->walk.deaths && !w->dump.deaths);
  check_true("apart", "says why", strstr(w->walk.passed.text, "namespace"));
  check_int("apart", "we are the first", getpid(), 1);
  check_end();
}

static int run_apart(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_what_it_lacks),
      cmocka_unit_test(whole_machine),
      cmocka_unit_test(frozen_tree),
  };
  return cmocka_run_group_tests(tests, begin, end);
}

/* PROC_PID_INIT_INO, include/linux/proc_ns.h. */
static bool is_first_pid_namespace(void) {
  struct stat st;
  return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == 0xEFFFFFFCU;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "apart") == 0)
    return run_apart();
  if (!is_first_pid_namespace())
    check_skip("most of it can be seen from the initial pid namespace only");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_what_it_is),
      cmocka_unit_test(whole_machine),
      cmocka_unit_test(frozen_tree),
      cmocka_unit_test(memory_is_exact),
      cmocka_unit_test(memory_of_sleepers),
      cmocka_unit_test(older_forms_load),
      cmocka_unit_test(sleepers_wake),
      cmocka_unit_test(rows_come_and_go),
      cmocka_unit_test(first_thread_ended),
      cmocka_unit_test(threads_fill_the_buffer),
      cmocka_unit_test(ends_equal_wait4),
      cmocka_unit_test(knows_its_parent),
      cmocka_unit_test(peak_is_its_own),
      cmocka_unit_test(tail_is_of_the_many),
      cmocka_unit_test(counts_what_is_lost),
      cmocka_unit_test(leaves_no_trace),
      cmocka_unit_test(other_pid_namespaces),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
