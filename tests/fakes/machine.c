#include "fakes/machine.h"

#include "core/helper/probe.h"
#include "core/helper/reader.h"
#include "core/helper/state_file.h"
#include "core/machine/disk.h"
#include "core/machine/sensor.h"
#include "core/machine/system.h"
#include "core/procfs/cgroup.h"
#include "core/procfs/root.h"
#include "core/sampler/sample.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_machine fake_machine;

/* Too large for an initialiser on the stack. */
void fake_machine_reset(void) {
  struct fake_machine *m = &fake_machine;
  bool keeps = m->keeps;
  memset(m, 0, sizeof *m);
  m->keeps = keeps;
  m->now = (struct pm_now){1000 * PM_NS_PER_S, 1000 * PM_NS_PER_S,
                           1700000000 * PM_NS_PER_S};
  m->cpus = 2;
  m->memory_bytes = UINT64_C(1) << 30;
}

struct fake_task *fake_machine_find(int32_t pid) {
  for (size_t i = 0; i < fake_machine.count; i++)
    if (fake_machine.task[i].there && fake_machine.task[i].task.pid == pid)
      return &fake_machine.task[i];
  return NULL;
}

static struct fake_task *unused(void) {
  for (size_t i = 0; i < fake_machine.count; i++)
    if (!fake_machine.task[i].there)
      return &fake_machine.task[i];
  return fake_machine.count < FAKE_TASKS
             ? &fake_machine.task[fake_machine.count++]
             : NULL;
}

struct fake_task *fake_machine_task(int32_t pid) {
  struct fake_task *t = fake_machine_find(pid);
  if (t)
    return t;
  t = unused();
  if (!t)
    abort();
  *t = (struct fake_task){.there = true};
  t->task.pid = pid;
  t->task.ppid = 1;
  t->task.state = 'S';
  return t;
}

/* ---- base/now.h, core/root.h ---- */

struct pm_now pm_now_read(void) {
  return fake_machine.now;
}

int pm_root_open(struct pm_root *root, const char *proc_path,
                 const char *sys_path, struct pm_err *err) {
  *root = (struct pm_root){.proc = -1,
                           .sys = -1,
                           .proc_path = proc_path,
                           .sys_path = sys_path,
                           .units.tick_ns = FAKE_TICK_NS,
                           .units.page_bytes = 4096};
  return strcmp(proc_path, "/nowhere") == 0
             ? pm_err_set(err, ENOENT, "open the process file system at %s",
                          proc_path)
             : 0;
}

void pm_root_close(struct pm_root *root) { (void)root; }

/* It has no files but what is faked above them. */
ssize_t pm_root_read(int dir, const char *path, char *buf, size_t size) {
  (void)dir;
  (void)path;
  (void)buf;
  (void)size;
  return -ENOENT;
}

ssize_t pm_root_read_grow(int dir, const char *path, char **buf, size_t *size) {
  (void)dir;
  (void)path;
  (void)buf;
  (void)size;
  return -ENOENT;
}

ssize_t pm_root_read_whole(int dir, const char *path, char *buf, size_t size,
                           char **longer, const char **whole) {
  (void)longer;
  (void)whole;
  return pm_root_read(dir, path, buf, size);
}

/* ---- core/sampler/sample.h ---- */

const char *const pm_sample_names[] = {"auto", "bpf", "proc", NULL};

#define GIVES                                                                  \
  (PM_HAVE_CPU | PM_BIT(PM_F_rss) | PM_BIT(PM_F_vsize) |                       \
   PM_BIT(PM_F_threads) | PM_BIT(PM_F_birth) | PM_BIT(PM_F_faults_minor) |     \
   PM_BIT(PM_F_faults_major))

#define GIVES_MORE                                                             \
  (GIVES | PM_HAVE_MEMORY | PM_HAVE_IO | PM_BIT(PM_F_delay_cpu) |              \
   PM_BIT(PM_F_switch_voluntary))

static uint32_t gives(void) {
  uint32_t all = fake_machine.deaths ? GIVES_MORE : GIVES;
  return fake_machine.alien ? all & ~PM_HAVE_MEMORY : all;
}

/* Users and control groups are numbered by their first mention. */
static uint32_t number_of(const char *name) {
  struct fake_machine *m = &fake_machine;
  for (uint32_t i = 0; i < m->name_count; i++)
    if (strcmp(m->names[i], name) == 0)
      return i + 1;
  if (m->name_count == FAKE_NAMES)
    abort();
  snprintf(m->names[m->name_count], sizeof m->names[0], "%s", name);
  return ++m->name_count;
}

static const char *name_of(uint64_t number) {
  return number && number <= fake_machine.name_count
             ? fake_machine.names[number - 1]
             : NULL;
}

struct pm_task fake_machine_seen(const struct fake_task *f) {
  struct pm_task t = f->task;
  t.have &= gives();
  if (!fake_machine.deaths) {
    t.v[PM_F_rss] -= f->rss_lacks;
    return t;
  }
  t.flags |= PM_TASK_OWNER | PM_TASK_CGROUP;
  t.uid = number_of(f->user);
  t.cgroup = number_of(f->cgroup);
  return t;
}

uint64_t fake_machine_cgroup(const char *path) { return number_of(path); }

static void pass(uint64_t ns) {
  fake_machine.now.mono += ns;
  fake_machine.now.boot += ns;
  fake_machine.now.real += ns;
}

/* As the /proc sampler tells of one that blocks its reader: without its start.
 */
static struct pm_task passed_over(const struct fake_task *f) {
  struct pm_task t = {.pid = f->task.pid,
                      .flags = PM_TASK_PASSED_OVER,
                      .state = f->task.state,
                      .have = f->task.have & (PM_HAVE_CPU | PM_BIT(PM_F_rss))};
  memcpy(t.v, f->task.v, sizeof t.v);
  return t;
}

static int scan(void *self, const struct pm_sink *sink, struct pm_now now,
                struct pm_err *err) {
  (void)self;
  (void)now;
  pass(fake_machine.scan_ns);
  struct pm_task batch[PM_BATCH];
  size_t n = 0;
  for (size_t i = 0; i < fake_machine.count; i++) {
    const struct fake_task *t = &fake_machine.task[i];
    if (!t->there)
      continue;
    batch[n++] = t->unreadable ? (struct pm_task){.pid = t->task.pid}
                 : t->blocks && !fake_machine.deaths ? passed_over(t)
                                                     : fake_machine_seen(t);
    if (n < PM_BATCH)
      continue;
    sink->tasks(sink->arg, batch, n);
    n = 0;
    if (fake_machine.broken)
      break; /* half way through */
  }
  if (n)
    sink->tasks(sink->arg, batch, n);
  return fake_machine.broken ? pm_err_say(err, EIO, "the scan broke") : 0;
}

static int drain(void *self, const struct pm_sink *sink, struct pm_now now,
                 uint64_t *lost, struct pm_err *err) {
  (void)self;
  (void)now;
  (void)err;
  sink->deaths(sink->arg, fake_machine.death, fake_machine.death_count);
  fake_machine.death_count = 0;
  *lost += fake_machine.lost;
  fake_machine.lost = 0;
  return 0;
}

static void close_sampler(void *self) { (void)self; }

static const struct pm_sampler_ops ops = {"fake", NULL, scan, drain,
                                          close_sampler};

int pm_sample_open(struct pm_sampler *ret, const char *name,
                   const struct pm_root *root, struct pm_reader *reader,
                   struct pm_err *err) {
  (void)name;
  (void)root;
  (void)reader;
  (void)err;
  *ret = (struct pm_sampler){.ops = &ops, .what = "made up", .level = 1};
  ret->gives = gives();
  if (!fake_machine.deaths)
    return 0;
  ret->level = 3;
  ret->deaths = ret->exact_rss = true;
  return 0;
}

void pm_sample_close(struct pm_sampler *sampler) { sampler->ops = NULL; }

/* ---- core/helper/state_file.h: memory that outlives a restart ---- */

static struct {
  char data[1 << 20];
  size_t length;
} disk;

void pm_state_file_init(struct pm_state_file *file, const char *helper,
                        const char *folder) {
  *file = (struct pm_state_file){.helper = helper,
                                 .folder = fake_machine.keeps ? folder : NULL,
                                 .lock = -1,
                                 .sock = -1};
}

int pm_state_file_read(struct pm_state_file *file, struct pm_buf *ret,
                       struct pm_err *err) {
  (void)err;
  return file->folder ? pm_buf_add(ret, disk.data, disk.length) : 0;
}

bool pm_state_file_busy(struct pm_state_file *file, uint64_t mono) {
  (void)file;
  (void)mono;
  return false;
}

void pm_state_file_write(struct pm_state_file *file, uint64_t mono,
                         const void *bytes, size_t length) {
  (void)mono;
  if (!file->folder || length > sizeof disk.data)
    return;
  memcpy(disk.data, bytes, length);
  disk.length = length;
}

void pm_state_file_fail(struct pm_state_file *file, int num) {
  (void)file;
  (void)num;
}

int pm_state_file_error(struct pm_state_file *file, struct pm_err *err) {
  (void)file;
  (void)err;
  return 0;
}

void pm_state_file_wait(struct pm_state_file *file) { (void)file; }

void pm_state_file_done(struct pm_state_file *file) { (void)file; }

/* ---- core/helper/reader.h, core/helper/probe.h ---- */

static void copy(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from);
}

static void numbers_of(const struct fake_task *t, unsigned want,
                       struct pm_detail *d) {
  uint32_t fields = (want & PM_WANT_IO ? PM_HAVE_IO : 0) |
                    (want & PM_WANT_MEMORY ? PM_HAVE_MEMORY : 0) |
                    (want & PM_WANT_FDS ? PM_HAVE_FDS : 0);
  d->numbers = t->task;
  if (t->task.state == 'Z')
    fields &= ~PM_HAVE_MEMORY; /* status has no such lines */
  d->numbers.have &= fields;
}

static int read_task(const struct pm_reader_request *r, struct pm_detail *ret) {
  struct fake_task *t = fake_machine_find(r->pid);
  unsigned want = r->want;
  if (!t || t->task.birth != r->birth || t->vanishes)
    return -ESRCH;
  if (t->blocks)
    return -ETIMEDOUT;
  t->looks++;
  bool slow = want & PM_WANT_CMDLINE && t->cmdline_hangs;
  ret->got = slow ? want & ~(unsigned)PM_WANT_CMDLINE : want;
  ret->birth = r->birth;
  ret->stat = t->task;
  ret->slow = slow;
  copy(ret->exe, sizeof ret->exe, want & PM_WANT_EXE ? t->exe : "");
  copy(ret->cgroup, sizeof ret->cgroup, t->cgroup[0] ? t->cgroup : "/");
  memcpy(ret->cmdline, t->cmdline, sizeof t->cmdline);
  ret->cmdline_length = slow ? 0 : t->cmdline_length;
  ret->uid = number_of(t->user);
  ret->fds_listed = want & PM_WANT_FDS ? t->fds_listed : 0;
  numbers_of(t, want, ret);
  return slow ? -ETIMEDOUT : 0;
}

struct pm_reader {
  struct pm_detail detail[PM_READER_BATCH];
};

struct pm_reader *pm_reader_new(const char *helper, const struct pm_root *root,
                                struct pm_budget *budget) {
  (void)helper;
  (void)root;
  (void)budget;
  return calloc(1, sizeof(struct pm_reader));
}

void pm_reader_free(struct pm_reader *reader) { free(reader); }

void pm_reader_read(struct pm_reader *reader, struct pm_now now,
                    struct pm_reader_item *items, size_t count) {
  (void)now;
  for (size_t i = 0; i < count; i++) {
    pm_detail_clear(&reader->detail[i]);
    items[i].detail = &reader->detail[i];
    items[i].status = read_task(&items[i].request, &reader->detail[i]);
  }
}

int pm_reader_read_one(struct pm_reader *reader, struct pm_now now, int32_t pid,
                       uint64_t birth, unsigned want,
                       const struct pm_detail **ret) {
  struct pm_reader_item item = {.request = {pid, want, birth}};
  pm_reader_read(reader, now, &item, 1);
  *ret = item.detail;
  return item.status;
}

int pm_reader_list(struct pm_reader *reader, struct pm_now now,
                   struct pm_reader_list *list) {
  (void)reader;
  (void)now;
  (void)list;
  return -ENOSYS; /* no sampler here asks for it */
}

uint32_t pm_reader_owner_of(const struct pm_root *root, int32_t pid) {
  (void)root;
  (void)pid;
  return UINT32_MAX;
}

bool pm_reader_rests(const struct pm_reader *reader, struct pm_now now,
                     int32_t pid, const uint32_t *uid) {
  (void)reader;
  (void)now;
  (void)pid;
  (void)uid;
  return false;
}

uint64_t pm_reader_cpu_ns(struct pm_reader *reader) {
  (void)reader;
  return 0;
}

uint64_t pm_probe_cpu_ns(struct pm_probe *probe) {
  (void)probe;
  return 0;
}

int pm_reader_error(struct pm_reader *reader, struct pm_err *err) {
  (void)reader;
  (void)err;
  return 0;
}

struct pm_probe {
  int nothing;
};

struct pm_probe *pm_probe_new(const char *helper, const char *proc_path,
                              const char *sys_path, struct pm_budget *budget) {
  (void)helper;
  (void)proc_path;
  (void)sys_path;
  (void)budget;
  return calloc(1, sizeof(struct pm_probe));
}

void pm_probe_free(struct pm_probe *probe) { free(probe); }

int pm_probe_error(struct pm_probe *probe, struct pm_err *err) {
  (void)probe;
  (void)err;
  return 0;
}

ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size) {
  (void)probe;
  (void)now;
  const char *name = name_of(uid);
  copy(buf, size, name && *name ? name : "root");
  return (ssize_t)strlen(buf);
}

/* ---- core/cgroup.h ---- */

void pm_cgroups_init(struct pm_cgroups *cgroups, const struct pm_root *root) {
  cgroups->root = root;
}

void pm_cgroups_done(struct pm_cgroups *cgroups) { cgroups->root = NULL; }

void pm_cgroups_learn(struct pm_cgroups *cgroups, uint64_t id,
                      const char *path) {
  (void)cgroups;
  (void)id;
  (void)path;
}

const char *pm_cgroups_path(struct pm_cgroups *cgroups, uint64_t id) {
  (void)cgroups;
  return name_of(id);
}

/* ---- core/system.h, core/disk.h, core/sensor.h ---- */

void pm_system_done(struct pm_system *system) { system->last.mono = 0; }

static void know_nothing(struct pm_system_row *row) {
  double *value = (double *)row;
  for (size_t i = 0; i < sizeof *row / sizeof *value; i++)
    value[i] = NAN;
}

/* Whatever is not busy is idle. */
static void pass_idle_time(void) {
  uint64_t since = fake_machine.now.mono - fake_machine.read_at;
  uint64_t capacity = since * fake_machine.cpus;
  if (fake_machine.read_at && capacity > fake_machine.busy_ns)
    fake_machine.idle_ns += capacity - fake_machine.busy_ns;
  fake_machine.read_at = fake_machine.now.mono;
  fake_machine.busy_ns = 0;
}

int pm_system_sample(struct pm_system *system, const struct pm_root *root,
                     struct pm_now now, struct pm_system_reading *ret,
                     struct pm_err *err) {
  (void)system;
  (void)root;
  know_nothing(&ret->row);
  ret->mono = 0;
  if (fake_machine.blind)
    return pm_err_say(err, EIO, "the machine cannot be read");
  pass_idle_time();
  ret->mono = now.mono;
  ret->row.total = (double)fake_machine.memory_bytes;
  ret->cpu = (struct pm_cpu_times){.cpus = fake_machine.cpus,
                                   .idle = fake_machine.idle_ns / FAKE_TICK_NS};
  return 0;
}

int pm_system_read(struct pm_system *system, const struct pm_root *root,
                   struct pm_now now, struct pm_system_row *row,
                   struct pm_system_sums *sums, struct pm_err *err) {
  struct pm_system_reading reading = {0};
  int status = pm_system_sample(system, root, now, &reading, err);
  know_nothing(row);
  *sums = (struct pm_system_sums){0};
  if (status < 0)
    return status;
  pm_system_rates(root, &system->last, &reading, row, sums);
  system->last = reading;
  return 0;
}

void pm_disk_done(struct pm_disks *disks) { disks->count = 0; }

int pm_disk_read(struct pm_disks *disks, const struct pm_disk_options *options,
                 const struct pm_root *root, struct pm_probe *probe,
                 struct pm_now now, struct pm_err *err) {
  (void)options;
  (void)root;
  (void)probe;
  (void)now;
  (void)err;
  pass(fake_machine.read_ns);
  disks->row[0] = (struct pm_disk_row){.name = "root", .total = 100};
  return fake_machine.disk;
}

int pm_sensor_read(struct pm_sensors *sensors, const struct pm_root *root,
                   struct pm_probe *probe, struct pm_now now) {
  (void)root;
  (void)probe;
  (void)now;
  sensors->found = fake_machine.sensors;
  sensors->count = fake_machine.sensors > 0;
  sensors->row[0] = (struct pm_sensor_row){.name = "chip", .celsius = 40};
  return (int)sensors->count;
}
