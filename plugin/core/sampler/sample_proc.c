#include "core/sampler/sample_proc.h"

#include "base/clean.h"
#include "core/parse/parse_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

enum { DIR_BYTES = 32768, STAT_BYTES = 1024 };

struct proc_sampler {
  const struct pm_root *root;
  struct pm_units units;
  const struct pm_sink *sink;
  size_t count;
  struct pm_task batch[PM_BATCH];
  char names[DIR_BYTES] __attribute__((aligned(8)));
};

/* As getdents64(2) fills it in; readdir(3) would cost a copy per entry. */
struct dir_entry {
  uint64_t ino;
  int64_t off;
  uint16_t length;
  uint8_t type;
  char name[];
};

static int proc_open(const struct pm_root *root, struct pm_sampler *ret,
                     struct pm_err *err) {
  struct proc_sampler *self = calloc(1, sizeof *self);
  if (!self)
    return pm_err_set(err, ENOMEM, "make the /proc sampler");
  self->root = root;
  self->units = root->units;
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

static void flush_tasks(struct proc_sampler *self) {
  if (self->count)
    self->sink->tasks(self->sink->arg, self->batch, self->count);
  self->count = 0;
}

static ssize_t read_stat(int proc, const char *pid, char *buf, size_t size) {
  char path[32];
  size_t n = strlen(pid);
  memcpy(path, pid, n);
  memcpy(path + n, "/stat", sizeof "/stat");
  PM_CLEAN_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t got = read(fd, buf, size);
  return got < 0 ? -errno : got;
}

static void sample_one(struct proc_sampler *self, const char *pid) {
  char text[STAT_BYTES];
  struct pm_task *task = &self->batch[self->count];
  ssize_t n = read_stat(self->root->proc, pid, text, sizeof text);
  if (n == -ENOENT || n == -ESRCH)
    return; /* gone between the listing and the reading: not an error */
  if (n < 0 || pm_parse_task(text, (size_t)n, self->units, task) < 0)
    *task = (struct pm_task){.pid = atoi(pid)};
  if (++self->count == PM_BATCH)
    flush_tasks(self);
}

/* strlen("4194304"), the largest pid, and some room */
enum { PID_DIGITS = 10 };

static bool is_pid(const char *name) {
  size_t digits = strspn(name, "0123456789");
  return name[digits] == '\0' && digits > 0 && digits <= PID_DIGITS;
}

static int proc_scan(void *arg, const struct pm_sink *sink,
                     struct pm_err *err) {
  struct proc_sampler *self = arg;
  self->sink = sink;
  self->count = 0;
  PM_CLEAN_FD int dir =
      openat(self->root->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0)
    return pm_err_set(err, errno, "list %s", self->root->proc_path);
  for (;;) {
    long n = syscall(SYS_getdents64, dir, self->names, sizeof self->names);
    if (n < 0)
      return pm_err_set(err, errno, "list %s", self->root->proc_path);
    if (n == 0)
      break;
    for (long at = 0; at < n;) {
      const struct dir_entry *e = (const struct dir_entry *)(self->names + at);
      if (is_pid(e->name))
        sample_one(self, e->name);
      at += e->length;
    }
  }
  flush_tasks(self);
  return 0;
}

const struct pm_sampler_ops pm_sample_proc = {
    .name = "proc",
    .open = proc_open,
    .scan = proc_scan,
    .close = free,
};
