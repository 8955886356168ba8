#include "core/sampler/sample_bpf.h"

#include "base/clean.h"
#include "core/parse/parse_pid.h"
#include "core/sampler/bpf/load.h"
#include "core/sampler/bpf/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
  SPARE = 1024,       /* rows beyond what was found */
  DUMP_BYTES = 65536, /* more than the 8 pages of fs/bpf_seq_read() */
};

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define INITIAL_PID_NS UINT32_C(0xeffffffc)

/* A process of several threads, while its pieces come in. */
struct gathered {
  struct pm_bpf_task task;
  uint64_t ended_ns; /* as its first thread saw it */
  bool torn;         /* a thread ended meanwhile: the sum would be wrong */
};

struct bpf_sampler {
  struct pm_units units;
  struct pm_bpf_setup setup;
  bool foreign; /* our own pid is another than /proc says: ProcPath */
  uint32_t walk_max, threads; /* of the last scan */
  struct pm_bpf_walker walker;
  struct pm_bpf_dumper dumper;
  struct pm_bpf_deaths deaths;
  bool untidy;
  const struct pm_sink *sink;
  size_t count, death_count;
  struct pm_task batch[PM_BATCH];
  struct pm_death death[PM_BATCH];
  struct gathered *gathered;
  struct pm_bpf_piece *pieces;
  size_t gathered_count, gathered_room, piece_count, piece_room;
  char text[DUMP_BYTES];
};

/* ---- pushing ---- */

static void flush(struct bpf_sampler *self) {
  if (self->count)
    self->sink->tasks(self->sink->arg, self->batch, self->count);
  self->count = 0;
}

static void push(struct bpf_sampler *self, const struct pm_bpf_task *t,
                 uint32_t have) {
  struct pm_task *task = &self->batch[self->count];
  pm_bpf_to_task(t, self->units, task);
  task->have &= have;
  if (++self->count == PM_BATCH)
    flush(self);
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

/* Walks until all rows have room. */
static int64_t walk(struct bpf_sampler *self, struct pm_err *err) {
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
  int64_t rows = walk(self, err), holes = 0;
  if (rows < 0)
    return (int)rows;
  for (int64_t i = 0; i < rows; i++)
    if (self->walker.rows[i].pid)
      push(self, &self->walker.rows[i], UINT32_MAX);
    else
      holes++;
  self->untidy = holes > rows / 8;
  flush(self);
  return 0;
}

/* ---- the dump ---- */

static bool grow(void **list, size_t count, size_t *room, size_t size) {
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
  if (!grow((void **)&self->pieces, self->piece_count, &self->piece_room,
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

/* Dumps until all rows have room. */
static int dump(struct bpf_sampler *self, struct pm_err *err) {
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

/* A process while its pieces come together. */
static bool gather(struct bpf_sampler *self, const struct pm_bpf_piece *piece) {
  if (!grow((void **)&self->gathered, self->gathered_count,
            &self->gathered_room, sizeof *self->gathered))
    return false;
  self->gathered[self->gathered_count++] = (struct gathered){
      .task = self->dumper.rows[piece->row - 1], .ended_ns = piece->ended_ns};
  return true;
}

static int by_pid(const void *a, const void *b) {
  const struct gathered *x = a, *y = b;
  return (x->task.pid > y->task.pid) - (x->task.pid < y->task.pid);
}

/* Every thread says how much ended threads had used by then.  Where that
 * changed during the dump, a thread may be in it twice or not at all: the
 * process keeps its last total for this turn. */
static void add_piece(struct bpf_sampler *self,
                      const struct pm_bpf_piece *piece) {
  struct gathered key = {.task.pid = piece->pid};
  struct gathered *g =
      bsearch(&key, self->gathered, self->gathered_count, sizeof key, by_pid);
  if (!g)
    return;
  g->torn |= piece->ended_ns != g->ended_ns;
  pm_bpf_add_use(&g->task.use, &piece->use);
}

static int push_gathered(struct bpf_sampler *self, struct pm_err *err) {
  self->gathered_count = 0;
  for (size_t i = 0; i < self->piece_count; i++)
    if (self->pieces[i].row && !gather(self, &self->pieces[i]))
      return pm_err_set(err, ENOMEM, "gather threads");
  if (self->gathered_count)
    qsort(self->gathered, self->gathered_count, sizeof *self->gathered, by_pid);
  for (size_t i = 0; i < self->piece_count; i++)
    add_piece(self, &self->pieces[i]);
  for (size_t i = 0; i < self->gathered_count; i++) {
    struct gathered *g = &self->gathered[i];
    push(self, &g->task, g->torn ? ~PM_HAVE_COUNTERS : UINT32_MAX);
  }
  return 0;
}

/* Those of one thread; returns how many rows were holes. */
static uint32_t push_rows(struct bpf_sampler *self, uint32_t from,
                          uint32_t to) {
  uint32_t holes = 0;
  for (const struct pm_bpf_task *r = self->dumper.rows + from;
       r < self->dumper.rows + to; r++) {
    holes += r->pid == 0;
    if (r->pid && r->threads == 1)
      push(self, r, UINT32_MAX);
  }
  return holes;
}

static int scan_dump(struct bpf_sampler *self, struct pm_err *err) {
  int status = dump(self, err);
  if (status < 0)
    return status;
  const struct pm_bpf_dump *d = self->dumper.dump;
  self->threads = d->tasks;
  uint32_t holes = push_rows(self, 0, d->next);
  push_rows(self, d->room - d->spilled, d->room);
  self->untidy = holes + d->spilled > d->next / 8;
  status = push_gathered(self, err);
  flush(self);
  return status;
}

/* ---- one or the other ---- */

static bool shall_dump(struct bpf_sampler *self) {
  if (self->walker.prog < 0)
    return true;
  if (self->threads <= self->walk_max)
    return false;
  return self->dumper.link >= 0 ||
         pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, NULL) == 0;
}

static int bpf_scan(void *arg, const struct pm_sink *sink, struct pm_err *err) {
  struct bpf_sampler *self = arg;
  self->sink = sink;
  self->count = 0;
  return shall_dump(self) ? scan_dump(self, err) : scan_walk(self, err);
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
  free(self->gathered);
  free(self->pieces);
  free(self);
}

/* ---- opening: nothing is believed that was not tried ---- */

/* We ourselves, as a scan sees us and as /proc does. */
struct mirror {
  struct pm_task want, found;
};

static void look_for_us(void *arg, const struct pm_task *batch, size_t n) {
  struct mirror *m = arg;
  for (size_t i = 0; i < n; i++)
    if (batch[i].pid == m->want.pid)
      m->found = batch[i];
}

/* Pids and births must be those of the /proc that everybody else reads: in
 * another pid or time namespace they are not. */
static int compare_us(struct bpf_sampler *self, const struct pm_root *root,
                      uint32_t *gives, struct pm_err *err) {
  char text[1024];
  struct mirror m = {0};
  struct pm_units units = root->units;
  struct pm_sink sink = {look_for_us, NULL, &m};
  ssize_t n = pm_root_read(root->proc, "self/stat", text, sizeof text);
  if (n < 0 || pm_parse_task(text, (size_t)n, units, &m.want) < 0)
    return pm_err_say(err, EIO, "read %s/self/stat", root->proc_path);
  self->foreign = m.want.pid != getpid();
  int status = bpf_scan(self, &sink, err);
  if (status < 0)
    return status;
  *gives = m.found.have;
  if (m.found.birth == m.want.birth)
    return 0;
  return pm_err_say(err, EXDEV,
                    "BPF does not see process %d as %s does: it counts in "
                    "another pid or time namespace",
                    m.want.pid, root->proc_path);
}

static int open_scan(struct bpf_sampler *self, struct pm_err *err) {
  if (self->walk_max &&
      pm_bpf_walker_open(&self->walker, self->setup, SPARE, err) == 0)
    return 0;
  int status = pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, err);
  if (status == 0 || status == -EPERM)
    return status;
  self->setup.locked_down = true;
  return pm_bpf_dumper_open(&self->dumper, self->setup, SPARE, err);
}

static int try_level(struct bpf_sampler *self, const struct pm_root *root,
                     uint32_t *gives, struct pm_err *err) {
  int status = open_scan(self, err);
  if (status == 0)
    status = compare_us(self, root, gives, err);
  if (status == 0)
    return 0;
  pm_bpf_walker_close(&self->walker);
  pm_bpf_dumper_close(&self->dumper);
  return status;
}

/* Nobody says how deep a pid namespace lies; the depth in which we find
 * ourselves as /proc shows us is the right one. */
static int find_us(struct bpf_sampler *self, const struct pm_root *root,
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

/* The records cannot be told by namespace: of a process that is being freed,
 * the numbers are already gone. */
static bool open_deaths(struct bpf_sampler *self, struct pm_err *err) {
  if (self->setup.ns_level == 0)
    return pm_bpf_deaths_open(&self->deaths, self->setup, !self->foreign,
                              on_death, self, err) == 0;
  pm_err_say(err, EXDEV,
             "ended processes are only told of in the initial pid namespace");
  return false;
}

static struct bpf_sampler *make(const struct pm_root *root, uint32_t walk_max) {
  struct bpf_sampler *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->units = root->units;
  self->walk_max = walk_max;
  self->walker = (struct pm_bpf_walker)PM_BPF_WALKER_INIT;
  self->dumper = (struct pm_bpf_dumper)PM_BPF_DUMPER_INIT;
  self->deaths = (struct pm_bpf_deaths)PM_BPF_DEATHS_INIT;
  return self;
}

int pm_sample_bpf_open(const struct pm_root *root, uint32_t walk_max,
                       struct pm_sampler *ret, struct pm_err *err) {
  struct bpf_sampler *self = make(root, walk_max);
  if (!self)
    return pm_err_set(err, ENOMEM, "make the BPF sampler");
  uint32_t gives = 0;
  int status = find_us(self, root, &gives, err);
  if (status < 0) {
    bpf_close(self);
    return status;
  }
  *ret = (struct pm_sampler){.ops = &pm_sample_bpf, .self = self};
  ret->deaths = open_deaths(self, &ret->passed);
  ret->level = ret->deaths ? 3 : 2;
  ret->gives = gives;
  ret->what = self->walker.prog >= 0 ? "BPF, open-coded task iterator"
                                     : "BPF, task iterator";
  return 0;
}

static int bpf_open(const struct pm_root *root, struct pm_sampler *ret,
                    struct pm_err *err) {
  return pm_sample_bpf_open(root, PM_BPF_WALK_MAX, ret, err);
}

const struct pm_sampler_ops pm_sample_bpf = {
    .name = "bpf",
    .open = bpf_open,
    .scan = bpf_scan,
    .drain = bpf_drain,
    .close = bpf_close,
};
