#include "core/sampler/sample_bpf.h"

#include "base/clean.h"
#include "core/helper/reader.h"
#include "core/parse/parse_pid.h"
#include "core/sampler/bpf/deaths.h"
#include "core/sampler/bpf/dumper.h"
#include "core/sampler/bpf/hidden.h"
#include "core/sampler/bpf/record.h"
#include "core/sampler/bpf/walker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
  SPARE = 1024,       /* rows beyond those in use */
  DUMP_BYTES = 65536, /* more than the 8 pages of fs/bpf_seq_read() */
};

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define INITIAL_PID_NS UINT32_C(0xeffffffc)

/* A process of several threads, while its threads are added up. */
struct thread_sum {
  struct pm_bpf_task task;
  uint64_t ended_ns; /* as its first thread saw it */
  bool torn;         /* a thread ended meanwhile: the sum would be wrong */
};

struct bpf_sampler {
  const struct pm_root *root;
  struct pm_reader *reader;
  struct pm_units units;
  struct pm_bpf_setup setup;
  bool foreign; /* ProcPath shows another pid for us than getpid(2) */
  uint32_t walk_max, threads; /* of the last scan */
  struct pm_bpf_walker walker;
  struct pm_bpf_dumper dumper;
  struct pm_bpf_deaths deaths;
  bool untidy;
  const struct pm_sink *sink;
  size_t count, death_count;
  struct pm_task batch[PM_BATCH];
  struct pm_death death[PM_BATCH];
  struct thread_sum *sums;
  struct pm_bpf_piece *pieces;
  size_t sum_count, sum_room, piece_count, piece_room;
  struct pm_bpf_hidden hidden;
  char text[DUMP_BYTES];
};

/* ---- pushing ---- */

static void flush_tasks(struct bpf_sampler *self) {
  if (self->count)
    self->sink->tasks(self->sink->arg, self->batch, self->count);
  self->count = 0;
}

static void push_task(struct bpf_sampler *self, const struct pm_bpf_task *t,
                      uint32_t have) {
  struct pm_task *task = &self->batch[self->count];
  pm_bpf_to_task(t, self->units, task);
  task->have &= have;
  pm_bpf_hidden_see(&self->hidden, task->pid);
  if (++self->count == PM_BATCH)
    flush_tasks(self);
}

static void flush_deaths(struct bpf_sampler *self) {
  if (self->death_count)
    self->sink->deaths(self->sink->arg, self->death, self->death_count);
  self->death_count = 0;
}

static int on_death(void *arg, void *record, size_t size) {
  struct bpf_sampler *self = arg;
  if (size < sizeof(struct pm_bpf_death))
    return 0;
  pm_bpf_to_death(record, self->units, &self->death[self->death_count]);
  if (++self->death_count == PM_BATCH)
    flush_deaths(self);
  return 0;
}

/* ---- the walk ---- */

/* Walks until there is room for all rows. */
static int64_t walk_all(struct bpf_sampler *self, struct pm_err *err) {
  for (;;) {
    int64_t rows =
        pm_bpf_walker_run(&self->walker, self->untidy, &self->threads, err);
    if (rows < 0 || rows <= self->walker.room)
      return rows;
    int status =
        pm_bpf_walker_open(&self->walker, self->setup,
                           (uint32_t)rows + (uint32_t)rows / 4 + SPARE, err);
    if (status < 0)
      return status;
  }
}

static int scan_walk(struct bpf_sampler *self, struct pm_err *err) {
  int64_t rows = walk_all(self, err), holes = 0;
  if (rows < 0)
    return (int)rows;
  for (int64_t i = 0; i < rows; i++)
    if (self->walker.rows[i].pid)
      push_task(self, &self->walker.rows[i], UINT32_MAX);
    else
      holes++;
  self->untidy = holes > rows / 8;
  flush_tasks(self);
  return 0;
}

/* ---- the dump ---- */

static bool grow_list(void **list, size_t count, size_t *room, size_t size) {
  if (count < *room)
    return true;
  size_t more = *room ? *room * 2 : 64;
  void *bigger = realloc(*list, more * size);
  if (!bigger)
    return false;
  *list = bigger;
  *room = more;
  return true;
}

static bool keep_piece(struct bpf_sampler *self,
                       const struct pm_bpf_piece *piece) {
  if (!grow_list((void **)&self->pieces, self->piece_count, &self->piece_room,
                 sizeof *self->pieces))
    return false;
  self->pieces[self->piece_count++] = *piece;
  return true;
}

static int read_pieces(struct bpf_sampler *self, int fd, struct pm_err *err) {
  self->piece_count = 0;
  for (;;) {
    ssize_t n = read(fd, self->text, sizeof self->text);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      continue;
    if (n < 0)
      return pm_err_set(err, errno, "read the BPF task iterator");
    if (n == 0)
      return 0;
    struct pm_bpf_piece piece;
    for (ssize_t at = 0; at + (ssize_t)sizeof piece <= n;
         at += (ssize_t)sizeof piece) {
      memcpy(&piece, self->text + at, sizeof piece);
      if (!keep_piece(self, &piece))
        return pm_err_set(err, ENOMEM, "gather threads");
    }
  }
}

/* Dumps until there is room for all rows. */
static int dump_all(struct bpf_sampler *self, struct pm_err *err) {
  for (;;) {
    PM_CLEAN_FD int fd = pm_bpf_dumper_run(&self->dumper, self->untidy, err);
    if (fd < 0)
      return fd;
    int status = read_pieces(self, fd, err);
    if (status < 0)
      return status;
    const struct pm_bpf_dump *d = self->dumper.dump;
    uint32_t rows = d->next + d->spilled;
    if (rows <= self->dumper.room)
      return 0;
    status = pm_bpf_dumper_open(&self->dumper, self->setup,
                                rows + rows / 4 + SPARE, err);
    if (status < 0)
      return status;
  }
}

/* ---- processes of several threads ---- */

static bool start_sum(struct bpf_sampler *self,
                      const struct pm_bpf_piece *piece) {
  if (!grow_list((void **)&self->sums, self->sum_count, &self->sum_room,
                 sizeof *self->sums))
    return false;
  self->sums[self->sum_count++] = (struct thread_sum){
      .task = self->dumper.rows[piece->row - 1], .ended_ns = piece->ended_ns};
  return true;
}

static int by_pid(const void *a, const void *b) {
  const struct thread_sum *x = a, *y = b;
  return (x->task.pid > y->task.pid) - (x->task.pid < y->task.pid);
}

/* Every piece has what ended threads had used by then.  Where that changed
 * during the dump, a thread may be counted twice or not at all: the process
 * keeps its last total for this turn. */
static void add_piece(struct bpf_sampler *self,
                      const struct pm_bpf_piece *piece) {
  struct thread_sum key = {.task.pid = piece->pid};
  struct thread_sum *g =
      bsearch(&key, self->sums, self->sum_count, sizeof key, by_pid);
  if (!g)
    return;
  g->torn |= piece->ended_ns != g->ended_ns;
  pm_bpf_add_use(&g->task.use, &piece->use);
  if (g->task.now.exit_state && !piece->now.exit_state)
    g->task.now = piece->now; /* the first thread has ended, others live on */
}

static int push_sums(struct bpf_sampler *self, struct pm_err *err) {
  self->sum_count = 0;
  for (size_t i = 0; i < self->piece_count; i++)
    if (self->pieces[i].row && !start_sum(self, &self->pieces[i]))
      return pm_err_set(err, ENOMEM, "gather threads");
  if (self->sum_count)
    qsort(self->sums, self->sum_count, sizeof *self->sums, by_pid);
  for (size_t i = 0; i < self->piece_count; i++)
    add_piece(self, &self->pieces[i]);
  for (size_t i = 0; i < self->sum_count; i++) {
    struct thread_sum *g = &self->sums[i];
    push_task(self, &g->task, g->torn ? ~PM_HAVE_COUNTERS : UINT32_MAX);
  }
  return 0;
}

/* Processes of one thread; returns how many rows were holes. */
static uint32_t push_rows(struct bpf_sampler *self, uint32_t from,
                          uint32_t to) {
  uint32_t holes = 0;
  for (const struct pm_bpf_task *r = self->dumper.rows + from;
       r < self->dumper.rows + to; r++) {
    holes += r->pid == 0;
    if (r->pid && r->threads == 1)
      push_task(self, r, UINT32_MAX);
  }
  return holes;
}

static int scan_dump(struct bpf_sampler *self, struct pm_err *err) {
  int status = dump_all(self, err);
  if (status < 0)
    return status;
  const struct pm_bpf_dump *d = self->dumper.dump;
  self->threads = d->tasks;
  uint32_t holes = push_rows(self, 0, d->next);
  push_rows(self, d->room - d->spilled, d->room);
  self->untidy = holes + d->spilled > d->next / 8;
  status = push_sums(self, err);
  flush_tasks(self);
  return status;
}

/* ---- whom neither finds ---- */

/* As far as /proc shows it. */
static void push_hidden(struct bpf_sampler *self, const struct pm_detail *d) {
  struct pm_task t = d->stat;
  for (uint32_t bits = d->numbers.have; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    pm_task_set(&t, f, d->numbers.v[f]);
  }
  if (d->got & PM_WANT_IDS) {
    t.flags |= PM_TASK_OWNER;
    t.uid = d->uid;
    t.ptrace_gid = pm_ptrace_gid(d->uids, d->gids, d->permitted);
  }
  self->sink->tasks(self->sink->arg, &t, 1);
}

static void scan_hidden(struct bpf_sampler *self, struct pm_now now) {
  enum { FILES = PM_WANT_STAT | PM_WANT_MEMORY | PM_WANT_IO | PM_WANT_IDS };
  struct pm_bpf_hidden *h = &self->hidden;
  int32_t pid[PM_BPF_HIDDEN];
  pm_bpf_hidden_end(h, self->root->proc);
  size_t count = h->count;
  memcpy(pid, h->pid, sizeof pid);
  for (size_t i = 0; i < count; i++) {
    const struct pm_detail *d;
    int status = pm_reader_read_one(self->reader, now, pid[i], 0, FILES, &d);
    struct pm_task passed = {.pid = pid[i], .flags = PM_TASK_PASSED_OVER};
    if (status == 0)
      push_hidden(self, d);
    else if (status == -ESRCH)
      pm_bpf_hidden_forget(h, pid[i]);
    else
      self->sink->tasks(self->sink->arg, &passed, 1);
  }
}

/* ---- walk or dump ---- */

static bool needs_dump(struct bpf_sampler *self) {
  if (self->walker.prog < 0)
    return true;
  if (self->threads <= self->walk_max)
    return false;
  return self->dumper.link >= 0 ||
         pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, NULL) == 0;
}

static int bpf_scan(void *arg, const struct pm_sink *sink, struct pm_now now,
                    struct pm_err *err) {
  struct bpf_sampler *self = arg;
  self->sink = sink;
  self->count = 0;
  pm_bpf_hidden_begin(&self->hidden);
  int status = needs_dump(self) ? scan_dump(self, err) : scan_walk(self, err);
  if (status == 0)
    scan_hidden(self, now);
  return status;
}

static int bpf_drain(void *arg, const struct pm_sink *sink, struct pm_now now,
                     uint64_t *lost, struct pm_err *err) {
  struct bpf_sampler *self = arg;
  self->sink = sink;
  self->death_count = 0;
  int status = pm_bpf_deaths_drain(&self->deaths, now, lost, err);
  flush_deaths(self);
  return status;
}

static void bpf_close(void *arg) {
  struct bpf_sampler *self = arg;
  if (!self)
    return;
  pm_bpf_walker_close(&self->walker);
  pm_bpf_dumper_close(&self->dumper);
  pm_bpf_deaths_close(&self->deaths);
  pm_bpf_hidden_done(&self->hidden);
  free(self->sums);
  free(self->pieces);
  free(self);
}

/* ---- opening: whatever is used was tried before ---- */

/* Our own process, as /proc shows it and as a scan finds it. */
struct self_check {
  struct pm_task expected, found;
};

static void find_self(void *arg, const struct pm_task *batch, size_t n) {
  struct self_check *m = arg;
  for (size_t i = 0; i < n; i++)
    if (batch[i].pid == m->expected.pid)
      m->found = batch[i];
}

/* Pids and births must be those of the /proc that is read for all else: in
 * another pid or time namespace they are not. */
static int check_self(struct bpf_sampler *self, const struct pm_root *root,
                      uint32_t *gives, struct pm_err *err) {
  char text[1024];
  struct self_check m = {0};
  struct pm_units units = root->units;
  struct pm_sink sink = {find_self, NULL, &m};
  ssize_t n = pm_root_read(root->proc, "self/stat", text, sizeof text);
  if (n < 0 || pm_parse_task(text, (size_t)n, units, &m.expected) < 0)
    return pm_err_say(err, EIO, "read %s/self/stat", root->proc_path);
  self->foreign = m.expected.pid != getpid();
  int status = bpf_scan(self, &sink, (struct pm_now){0}, err);
  if (status < 0)
    return status;
  *gives = m.found.have;
  if (m.found.birth == m.expected.birth)
    return 0;
  return pm_err_say(err, EXDEV,
                    "BPF does not see process %d as %s does: it counts in "
                    "another pid or time namespace",
                    m.expected.pid, root->proc_path);
}

/* A kernel may reject the programs that read memory exactly. */
static int open_walk(struct bpf_sampler *self, struct pm_err *err) {
  self->setup.approximate = false;
  int status = pm_bpf_walker_open(&self->walker, self->setup, SPARE, err);
  if (status == 0 || status == -EPERM)
    return status;
  self->setup.approximate = true;
  return pm_bpf_walker_open(&self->walker, self->setup, SPARE, err);
}

static int open_dump(struct bpf_sampler *self, struct pm_err *err) {
  self->setup.approximate = false;
  int status = pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, err);
  if (status == 0 || status == -EPERM)
    return status;
  self->setup.approximate = true;
  if (pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, err) == 0)
    return 0;
  self->setup.locked_down = true;
  return pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, err);
}

static int open_scan(struct bpf_sampler *self, struct pm_err *err) {
  if (self->walk_max && open_walk(self, err) == 0)
    return 0;
  return open_dump(self, err);
}

static int try_level(struct bpf_sampler *self, const struct pm_root *root,
                     uint32_t *gives, struct pm_err *err) {
  int status = open_scan(self, err);
  pm_bpf_hidden_done(&self->hidden);
  if (status == 0)
    status = check_self(self, root, gives, err);
  if (status == 0)
    return 0;
  pm_bpf_walker_close(&self->walker);
  pm_bpf_dumper_close(&self->dumper);
  return status;
}

/* The level of a pid namespace cannot be read; the right one is that in which
 * a scan finds us as /proc shows us. */
static int find_level(struct bpf_sampler *self, const struct pm_root *root,
                      uint32_t *gives, struct pm_err *err) {
  int status = try_level(self, root, gives, err);
  struct stat ns;
  if (status != -EXDEV || fstatat(root->proc, "self/ns/pid", &ns, 0) < 0 ||
      ns.st_ino == INITIAL_PID_NS)
    return status;
  self->setup.ns_inum = (uint32_t)ns.st_ino;
  for (uint32_t level = 1; level <= PM_BPF_NS_LEVELS; level++) {
    self->setup.ns_level = level;
    if (try_level(self, root, gives, NULL) == 0)
      return 0;
  }
  return status;
}

/* Only in the initial pid namespace: a process that is being freed has lost its
 * pids in the others. */
static bool open_deaths(struct bpf_sampler *self, struct pm_err *err) {
  if (self->setup.ns_level == 0)
    return pm_bpf_deaths_open(&self->deaths, self->setup, !self->foreign,
                              on_death, self, err) == 0;
  pm_err_say(err, EXDEV,
             "ended processes are only reported in the initial pid namespace");
  return false;
}

static struct bpf_sampler *new_sampler(const struct pm_root *root,
                                       struct pm_reader *reader,
                                       uint32_t walk_max) {
  struct bpf_sampler *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->root = root;
  self->reader = reader;
  self->units = root->units;
  self->walk_max = walk_max;
  self->walker = (struct pm_bpf_walker)PM_BPF_WALKER_INIT;
  self->dumper = (struct pm_bpf_dumper)PM_BPF_DUMPER_INIT;
  self->deaths = (struct pm_bpf_deaths)PM_BPF_DEATHS_INIT;
  return self;
}

int pm_sample_bpf_open(const struct pm_root *root, struct pm_reader *reader,
                       uint32_t walk_max, struct pm_sampler *ret,
                       struct pm_err *err) {
  struct bpf_sampler *self = new_sampler(root, reader, walk_max);
  if (!self)
    return pm_err_set(err, ENOMEM, "make the BPF sampler");
  uint32_t gives = 0;
  int status = find_level(self, root, &gives, err);
  if (status < 0) {
    bpf_close(self);
    return status;
  }
  *ret = (struct pm_sampler){.ops = &pm_sample_bpf, .self = self};
  ret->deaths = open_deaths(self, &ret->passed);
  ret->level = ret->deaths ? 3 : 2;
  ret->gives = gives;
  ret->exact_rss = gives & PM_BIT(PM_F_rss) && !self->setup.approximate;
  ret->what = self->walker.prog >= 0 ? "BPF, open-coded task iterator"
                                     : "BPF, task iterator";
  return 0;
}

static int bpf_open(const struct pm_root *root, struct pm_reader *reader,
                    struct pm_sampler *ret, struct pm_err *err) {
  return pm_sample_bpf_open(root, reader, PM_BPF_WALK_MAX, ret, err);
}

const struct pm_sampler_ops pm_sample_bpf = {
    .name = "bpf",
    .open = bpf_open,
    .scan = bpf_scan,
    .drain = bpf_drain,
    .close = bpf_close,
};
