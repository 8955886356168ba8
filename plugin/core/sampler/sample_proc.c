#include "core/sampler/sample_proc.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/pidfd.h"
#include "core/helper/backoff.h"
#include "core/helper/reader.h"
#include "core/procfs/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
  FILLED = 256, /* processes in one scan that are passed over, but of which
                 * what is safe is read */
  FILLED_THREADS = 64, /* of each */
  WATCHED = 64         /* blockers of which a pidfd is kept */
};

/* A process whose stat blocked the reader. */
struct blocker {
  int32_t pid;
  int pidfd; /* tells when another process may have the pid; -1: none */
  uint32_t wait_s;
  uint64_t until; /* mono */
};

struct proc_sampler {
  const struct pm_root *root;
  struct pm_reader *reader;
  const struct pm_sink *sink;
  struct pm_reader_list list;
  struct blocker blocker[PM_READER_PASSED]; /* sorted by pid */
  size_t blocker_count;
  int32_t passed[PM_READER_PASSED]; /* those of them that rest in this scan */
  uint32_t filled;                  /* in this scan */
};

static int proc_open(const struct pm_root *root, struct pm_reader *reader,
                     struct pm_sampler *ret, struct pm_err *err) {
  struct proc_sampler *self = calloc(1, sizeof *self);
  if (!self)
    return pm_err_set(err, ENOMEM, "make the /proc sampler");
  self->root = root;
  self->reader = reader;
  *ret = (struct pm_sampler){
      .ops = &pm_sample_proc,
      .self = self,
      .what = "/proc",
      .level = 1,
      .gives = PM_HAVE_CPU | PM_BIT(PM_F_faults_minor) |
               PM_BIT(PM_F_faults_major) | PM_BIT(PM_F_threads) |
               PM_BIT(PM_F_vsize) | PM_BIT(PM_F_rss) | PM_BIT(PM_F_birth),
  };
  return 0;
}

/* ---- those that block ---- */

static struct blocker *find_blocker(struct proc_sampler *self, int32_t pid) {
  size_t i = 0;
  while (i < self->blocker_count && self->blocker[i].pid < pid)
    i++;
  return &self->blocker[i];
}

static int watch(const struct proc_sampler *self, int32_t pid) {
  size_t watched = 0;
  for (size_t i = 0; i < self->blocker_count; i++)
    watched += self->blocker[i].pidfd >= 0;
  int fd = watched < WATCHED ? pm_pidfd_open(pid) : -1;
  return fd < 0 ? -1 : pm_fd_high(fd);
}

/* Without room it will block the reader once in each scan. */
static void note_blocker(struct proc_sampler *self, struct pm_now now,
                         int32_t pid) {
  struct blocker *b = find_blocker(self, pid);
  size_t behind = (size_t)(self->blocker + self->blocker_count - b);
  if (behind == 0 || b->pid != pid) {
    if (self->blocker_count == PM_READER_PASSED)
      return;
    memmove(b + 1, b, behind * sizeof *b);
    *b = (struct blocker){.pid = pid, .pidfd = watch(self, pid)};
    self->blocker_count++;
  }
  b->wait_s = pm_backoff_next(b->wait_s, PM_READER_BACKOFF_MIN_S,
                              PM_READER_BACKOFF_MAX_S);
  b->until = now.mono + b->wait_s * PM_NS_PER_S;
}

/* Those that rest are passed over; one that has ended, or has not blocked for
 * twice its time, is forgotten. */
static void begin_list(struct proc_sampler *self, struct pm_now now) {
  size_t kept = 0, passed = 0;
  for (size_t i = 0; i < self->blocker_count; i++) {
    struct blocker b = self->blocker[i];
    bool ended = b.pidfd >= 0 && !pm_pidfd_is_alive(b.pidfd);
    if (ended || now.mono >= b.until + b.wait_s * PM_NS_PER_S) {
      pm_clean_fd(&b.pidfd);
      continue;
    }
    self->blocker[kept++] = b;
    if (now.mono < b.until)
      self->passed[passed++] = b.pid;
  }
  self->blocker_count = kept;
  self->filled = 0;
  self->list =
      (struct pm_reader_list){.passed = self->passed, .passed_count = passed};
}

/* ---- what is known of them without reading what blocks ---- */

/* CPU time of the threads that live; proc(5) schedstat takes no lock that a
 * user can hold.  False: there is none. */
static bool sum_schedstat(const struct proc_sampler *self, int32_t pid,
                          uint64_t *ret) {
  char path[64], text[96];
  snprintf(path, sizeof path, "%d/task", pid);
  int fd = openat(self->root->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  unsigned threads = 0;
  *ret = 0;
  for (const struct dirent *e;
       dir && threads < FILLED_THREADS && (e = readdir(dir));) {
    if (e->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%.16s/schedstat", e->d_name);
    if (pm_root_read(dirfd(dir), path, text, sizeof text) <= 0)
      return false;
    *ret += strtoull(text, NULL, 10);
    threads++;
  }
  return threads > 0 && threads < FILLED_THREADS;
}

/* Its user and system time cannot be told apart: the sum is what counts. */
static void fill_task(struct proc_sampler *self, struct pm_task *t) {
  char path[16];
  struct pm_status status;
  uint64_t cpu;
  snprintf(path, sizeof path, "%d", t->pid);
  PM_CLEAN_FD int dir =
      openat(self->root->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 || self->filled++ >= FILLED || pm_status_read(dir, &status) < 0)
    return;
  t->state = status.known & PM_STATUS_STATE ? status.state : 0;
  if (status.known & PM_STATUS_THREADS)
    pm_task_set(t, PM_F_threads, status.threads);
  if (status.known & PM_STATUS_VSIZE)
    pm_task_set(t, PM_F_vsize, status.vsize_bytes);
  if (status.known & PM_STATUS_RSS)
    pm_task_set(t, PM_F_rss, status.rss_bytes);
  if (!sum_schedstat(self, t->pid, &cpu))
    return;
  pm_task_set(t, PM_F_cpu_user, cpu);
  pm_task_set(t, PM_F_cpu_system, 0);
}

static bool is_watched(struct proc_sampler *self, int32_t pid) {
  const struct blocker *b = find_blocker(self, pid);
  return b < self->blocker + self->blocker_count && b->pid == pid &&
         b->pidfd >= 0 && pm_pidfd_is_alive(b->pidfd);
}

static void push_passed(struct proc_sampler *self, int32_t pid) {
  struct pm_task t = {.pid = pid, .flags = PM_TASK_PASSED_OVER};
  if (is_watched(self, pid))
    t.flags |= PM_TASK_SAME;
  fill_task(self, &t);
  self->sink->tasks(self->sink->arg, &t, 1);
}

/* ---- the scan ---- */

static void push_list(struct proc_sampler *self) {
  const struct pm_task *t = self->list.task;
  size_t begin = 0, n = self->list.count;
  for (size_t i = 0; i <= n; i++) {
    bool passed = i < n && t[i].flags & PM_TASK_PASSED_OVER;
    if (i < n && !passed && i - begin < PM_BATCH)
      continue;
    if (i > begin)
      self->sink->tasks(self->sink->arg, t + begin, i - begin);
    if (passed)
      push_passed(self, t[i].pid);
    begin = i + passed;
  }
}

/* The time of this turn is used up: nobody else is read. */
static int pass_rest(struct proc_sampler *self, struct pm_err *err) {
  int fd = openat(self->root->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir)
    return pm_err_set(err, errno, "list %s", self->root->proc_path);
  for (const struct dirent *e; (e = readdir(dir));) {
    long pid = strtol(e->d_name, NULL, 10);
    struct pm_task t = {.pid = (int32_t)pid, .flags = PM_TASK_PASSED_OVER};
    if (pid > self->list.after)
      self->sink->tasks(self->sink->arg, &t, 1);
  }
  return 0;
}

/* The rest of its owner's processes are passed over in this scan. */
static void pass_owner(struct proc_sampler *self, int32_t pid) {
  struct pm_reader_list *l = &self->list;
  if (l->owner_count < PM_READER_OWNERS)
    l->owner[l->owner_count++] = pm_reader_owner_of(self->root, pid);
}

static int proc_scan(void *arg, const struct pm_sink *sink, struct pm_now now,
                     struct pm_err *err) {
  struct proc_sampler *self = arg;
  self->sink = sink;
  begin_list(self, now);
  while (!self->list.end) {
    int status = pm_reader_list(self->reader, now, &self->list);
    if (status == -EAGAIN && self->list.after)
      return pass_rest(self, err);
    bool began = self->list.after || self->list.stuck;
    if (status < 0 && (status != -ETIMEDOUT || !began))
      return pm_err_set(err, -status, "have procman-hold read %s",
                        self->root->proc_path);
    push_list(self);
    if (!self->list.stuck)
      continue;
    note_blocker(self, now, self->list.stuck);
    pass_owner(self, self->list.stuck);
    push_passed(self, self->list.stuck);
  }
  return 0;
}

static void proc_close(void *arg) {
  struct proc_sampler *self = arg;
  for (size_t i = 0; self && i < self->blocker_count; i++)
    pm_clean_fd(&self->blocker[i].pidfd);
  free(self);
}

const struct pm_sampler_ops pm_sample_proc = {
    .name = "proc",
    .open = proc_open,
    .scan = proc_scan,
    .close = proc_close,
};
