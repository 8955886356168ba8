#include "hold/logs.h"

#include "hold/become.h"
#include "hold/log_cursor.h"
#include "hold/log_file.h"
#include "hold/log_job.h"
#include "hold/log_journal.h"
#include "hold/log_target.h"
#include "hold/log_writer.h"
#include "hold/process.h"
#include "hold/request.h"

#include "base/now.h"
#include "base/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOURNALCTL "/usr/bin/journalctl"
#define BAD_CURSOR                                                             \
  "the cursor is not one that get_logs has given for this process"

enum { STREAMS = 2, LOOK_MS = 1000, NICE = 10 };

struct packet {
  struct pm_hold_logs_request request;
  char behind[PM_HOLD_GROUPS * sizeof(uint32_t) + 3 * PM_HOLD_LOGS_TEXT];
};

struct stream {
  const char *name; /* NULL: both go there */
  struct hold_log_target target;
  struct hold_log_file file;
};

struct work {
  const struct pm_hold_logs_request *request;
  uint32_t *groups;
  char cursor[PM_HOLD_LOGS_TEXT + 1];
  char job[PM_HOLD_LOGS_TEXT + 1];
  struct hold_log_match match;
  int proc, pidfd, changes; /* changes: inotify(7), or -1 */
  struct stream stream[STREAMS];
  bool
      journal; /* one of those that cannot is a socket, perhaps the journal's */
  unsigned stream_count;           /* those that can be read */
  char missing[HOLD_LOG_WHY + 64]; /* why the others cannot; "": all can */
  const char *gap;                 /* why lines are missing; NULL: none are */
  uint64_t left;                   /* lines that may still be put */
  struct hold_log_writer writer;
  bool failed; /* that was said */
};

static int fail(struct work *w, enum pm_hold_logs_failure failure, int num,
                const char *text) {
  hold_log_send_failure(&w->writer, failure, num, text);
  w->failed = true;
  return -1;
}

static bool has_flag(const struct work *w, enum pm_hold_logs_flags flag) {
  return w->request->flags & flag;
}

/* ---- the request ---- */

static bool is_id(uint32_t id) { return id != UINT32_MAX; }

/* Of a job's it is known without them as whom it is read. */
static bool has_target(const struct pm_hold_logs_request *r) {
  static const struct pm_hold_identity nobody;
  if (r->job_length)
    return !r->pid && !r->birth && memcmp(&r->as, &nobody, sizeof nobody) == 0;
  return r->pid > 0 && r->birth && is_id(r->as.uid) && is_id(r->as.gid) &&
         r->as.group_count <= PM_HOLD_GROUPS;
}

static bool is_request(const struct packet *p, size_t length) {
  const struct pm_hold_logs_request *r = &p->request;
  return length >= sizeof *r && r->schema == PM_HOLD_SCHEMA && !r->zero &&
         has_target(r) && r->streams && r->streams <= 3 && r->flags <= 7 &&
         r->max_lines && r->cursor_length <= PM_HOLD_LOGS_TEXT &&
         r->grep_length <= PM_HOLD_LOGS_TEXT &&
         r->job_length <= PM_HOLD_LOGS_TEXT &&
         length == sizeof *r + r->as.group_count * sizeof(uint32_t) +
                       r->cursor_length + r->grep_length + r->job_length;
}

static void take_request(struct work *w, struct packet *p) {
  const struct pm_hold_logs_request *r = &p->request;
  const char *at = p->behind + r->as.group_count * sizeof(uint32_t);
  w->request = r;
  w->groups = (uint32_t *)(void *)p->behind;
  memcpy(w->cursor, at, r->cursor_length);
  at += r->cursor_length;
  w->match = (struct hold_log_match){at, r->grep_length};
  memcpy(w->job, at + r->grep_length, r->job_length);
  w->left = r->max_lines;
}

/* ---- the process ---- */

static int verify(struct work *w) {
  struct hold_process p = {.pid = w->request->pid};
  uint64_t birth;
  w->pidfd = pm_pidfd_open(p.pid);
  int status =
      w->pidfd < 0 ? w->pidfd : hold_process_birth(w->proc, &p, &birth);
  if (status == -ESRCH || status == -EINVAL)
    return fail(w, PM_HOLD_LOGS_GONE, ESRCH, "the process has ended");
  if (status < 0)
    return fail(w, PM_HOLD_LOGS_BROKEN, -status, "the process cannot be read");
  if (birth != w->request->birth)
    return fail(w, PM_HOLD_LOGS_OTHER, ESTALE, "it is another process now");
  return 0;
}

/* What was opened is its, as it had not ended then. */
static int verify_again(struct work *w) {
  return pm_pidfd_has_ended(w->pidfd)
             ? fail(w, PM_HOLD_LOGS_GONE, ESRCH, "the process has ended")
             : 0;
}

/* ---- the streams ---- */

static bool is_same(const struct hold_log_target *a,
                    const struct hold_log_target *b) {
  return a->fd >= 0 && b->fd >= 0 && a->dev == b->dev && a->ino == b->ino;
}

static void add_missing(struct work *w, const struct hold_log_target *t) {
  size_t n = strlen(w->missing);
  snprintf(w->missing + n, sizeof w->missing - n, "%s%s", n ? "; " : "",
           t->why);
}

/* True: the caller may not look at it. */
static bool add_stream(struct work *w, int number) {
  struct stream *s = &w->stream[w->stream_count];
  s->name = number == 1 ? "stdout" : "stderr";
  hold_log_target_open(w->proc, w->request->pid, number, &s->target);
  if (s->target.fd < 0) {
    add_missing(w, &s->target);
    w->journal |= s->target.is_socket;
    return s->target.denied;
  }
  if (w->stream_count && is_same(&w->stream[0].target, &s->target)) {
    close(s->target.fd);
    w->stream[0].name = NULL;
    return false;
  }
  w->stream_count++;
  return false;
}

/* CLOCK_REALTIME of its start. */
static uint64_t begin_us(const struct work *w) {
  struct pm_now now = pm_now_read();
  uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
  return (now.real - now.boot) / 1000 + w->request->birth * 1000000 / ticks;
}

/* 1: all was said. */
static int serve_journal(struct work *w) {
  const struct hold_log_journal journal = {
      .program = JOURNALCTL,
      .pid = w->request->pid,
      .pidfd = w->pidfd,
      .begin_us = begin_us(w),
      .max_lines = w->request->max_lines,
      .from_start = has_flag(w, PM_HOLD_LOGS_FROM_START),
      .follow = has_flag(w, PM_HOLD_LOGS_FOLLOW),
      .cursor = w->cursor,
      .match = &w->match};
  int status = hold_log_journal_serve(&journal, &w->writer);
  if (status == -EINVAL)
    return fail(w, PM_HOLD_LOGS_ARGUMENT, EINVAL, BAD_CURSOR);
  if (status <= 0)
    return status < 0 ? status : 1;
  size_t n = strlen(w->missing);
  snprintf(w->missing + n, sizeof w->missing - n,
           "; the journal has nothing of it that you may read");
  return fail(w, PM_HOLD_LOGS_UNAVAILABLE, 0, w->missing);
}

/* 1: all was said. */
static int open_streams(struct work *w) {
  bool denied = false;
  for (int number = 1; number <= STREAMS; number++)
    if (w->request->streams & 1U << (number - 1))
      denied |= add_stream(w, number);
  if (verify_again(w) < 0)
    return -1;
  if (!w->stream_count && w->journal && hold_log_journal_runs())
    return serve_journal(w);
  if (!w->stream_count)
    return fail(w, denied ? PM_HOLD_LOGS_DENIED : PM_HOLD_LOGS_UNAVAILABLE,
                denied ? EACCES : 0, w->missing);
  for (unsigned i = 0; i < w->stream_count; i++) {
    struct stream *s = &w->stream[i];
    if (hold_log_file_init(&s->file, s->target.fd) < 0)
      return fail(w, PM_HOLD_LOGS_BROKEN, ENOMEM, "out of memory");
  }
  return 0;
}

static int tell_source(struct work *w) {
  char text[2 * sizeof w->stream[0].target.path + 8] = "";
  for (unsigned i = 0; i < w->stream_count; i++) {
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "",
             w->stream[i].target.path);
  }
  return hold_log_send_source(&w->writer, text, w->missing);
}

/* ---- where to begin ---- */

static int seek_cursor(struct work *w) {
  for (unsigned i = 0; i < w->stream_count; i++) {
    struct stream *s = &w->stream[i];
    struct hold_log_position p = {.dev = s->target.dev, .ino = s->target.ino};
    int status = hold_log_cursor_find(w->cursor, &p);
    if (status < 0)
      return fail(w, PM_HOLD_LOGS_ARGUMENT, EINVAL, BAD_CURSOR);
    s->file.offset = p.offset;
    if (status == 0)
      w->gap = "it prints to another file now";
  }
  return 0;
}

static int seek_last(struct work *w) {
  for (unsigned i = 0; i < w->stream_count; i++) {
    int status = hold_log_file_seek_last(
        &w->stream[i].file, w->request->max_lines, &w->match, false);
    if (status < 0)
      return fail(w, PM_HOLD_LOGS_BROKEN, -status, "the file cannot be read");
    if (status > 0)
      w->gap = "only the last 256 MiB were searched";
  }
  return 0;
}

static int seek(struct work *w) {
  if (*w->cursor)
    return seek_cursor(w);
  return has_flag(w, PM_HOLD_LOGS_FROM_START) ? 0 : seek_last(w);
}

/* ---- reading ---- */

struct taking {
  struct work *work;
  const struct stream *stream;
};

static int take(void *arg, const char *text, size_t length, bool more) {
  struct taking *t = arg;
  struct work *w = t->work;
  const struct hold_log_line line = {
      .text = text, .length = length, .stream = t->stream->name, .more = more};
  int status = hold_log_put(&w->writer, &line);
  if (status < 0)
    return status;
  bool all = !has_flag(w, PM_HOLD_LOGS_FOLLOW) && !more && --w->left == 0;
  return all ? 1 : 0;
}

/* Somebody looks for what is not there, in a file without end: a page ends, and
 * a follower goes on when nobody else wants the CPU. */
static int search_no_more(struct work *w, int status) {
  const struct sched_param param = {.sched_priority = 0};
  if (has_flag(w, PM_HOLD_LOGS_FOLLOW)) {
    sched_setscheduler(0, SCHED_IDLE, &param);
    return status;
  }
  w->gap = "256 MiB were searched; the cursor goes on behind them";
  return status;
}

/* Of pages from a cursor on all streams together have so many lines, of the
 * last ones each. */
static int read_stream(struct work *w, struct stream *s, bool ended) {
  struct taking t = {w, s};
  bool pages = *w->cursor || has_flag(w, PM_HOLD_LOGS_FROM_START);
  if (!pages)
    w->left = w->request->max_lines;
  if (!w->left)
    return 1;
  int status = hold_log_file_read(
      &s->file, ended, !has_flag(w, PM_HOLD_LOGS_FOLLOW), &w->match, take, &t);
  if (s->file.was_cut)
    w->gap = "the file was truncated";
  if (s->file.was_huge && w->match.length)
    w->gap = "of a line over 1 MiB only the first MiB was searched";
  if (s->file.unmatched >= HOLD_LOG_SEARCHED_MAX)
    status = search_no_more(w, status);
  return status;
}

static int read_all(struct work *w, bool ended) {
  int status = 0;
  for (unsigned i = 0; i < w->stream_count && status >= 0; i++)
    status = read_stream(w, &w->stream[i], ended);
  return status < 0 ? status : hold_log_flush(&w->writer);
}

static int finish(struct work *w, const char *reason) {
  char cursor[PM_HOLD_LOGS_TEXT] = "";
  for (unsigned i = 0; i < w->stream_count; i++) {
    const struct stream *s = &w->stream[i];
    struct hold_log_position p = {s->target.dev, s->target.ino, s->file.offset};
    hold_log_cursor_add(cursor, sizeof cursor, &p);
  }
  const char *why = w->gap ? w->gap : w->missing;
  return hold_log_send_end(&w->writer, cursor, *why ? why : reason, !*why);
}

/* ---- following ---- */

static void watch_files(struct work *w) {
  char path[64];
  w->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  for (unsigned i = 0; i < w->stream_count && w->changes >= 0; i++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", w->stream[i].file.fd);
    inotify_add_watch(w->changes, path, IN_MODIFY);
  }
}

/* Until something was printed, the process has ended, or a second has passed:
 * not every file system tells.  False: collectd has hung up. */
static bool wait_for_more(struct work *w) {
  char events[4096];
  struct pollfd p[] = {{.fd = PM_HOLD_SOCKET, .events = POLLIN},
                       {.fd = w->pidfd, .events = POLLIN},
                       {.fd = w->changes, .events = POLLIN}};
  poll(p, 3, LOOK_MS);
  while (w->changes >= 0 && read(w->changes, events, sizeof events) > 0)
    continue;
  return !p[0].revents;
}

static int follow(struct work *w) {
  for (;;) {
    bool ended = pm_pidfd_has_ended(w->pidfd);
    int status = read_all(w, ended);
    if (status < 0)
      return status;
    if (ended)
      return finish(w, "exited");
    if (!wait_for_more(w))
      return -EPIPE;
  }
}

/* ---- the command ---- */

static int serve_process(struct work *w, const char *path) {
  enum pm_hold_stage stage;
  if (w->request->since_ns || w->request->until_ns)
    return fail(w, PM_HOLD_LOGS_ARGUMENT, EINVAL,
                "since and until: when a line came is known of jobs only");
  int status =
      hold_become(&w->request->as, w->groups, HOLD_NO_NEW_PRIVILEGES, &stage);
  if (status < 0)
    return hold_log_send_refusal(&w->writer, stage, -status);
  w->proc = hold_process_open_proc(path);
  if (w->proc < 0)
    return fail(w, PM_HOLD_LOGS_BROKEN, -w->proc, "proc cannot be opened");
  if (verify(w) < 0)
    return -1;
  status = open_streams(w);
  if (status != 0)
    return status;
  if (tell_source(w) < 0 || seek(w) < 0)
    return -1;
  if (!has_flag(w, PM_HOLD_LOGS_FOLLOW)) {
    status = read_all(w, pm_pidfd_has_ended(w->pidfd));
    return status < 0 ? status : finish(w, "");
  }
  watch_files(w);
  return follow(w);
}

static void serve_job(struct work *w) {
  const struct hold_log_job job = {.request = w->request,
                                   .folder = w->job,
                                   .cursor = w->cursor,
                                   .match = &w->match};
  hold_log_job_serve(&job, &w->writer);
}

int hold_logs(int argc, char **argv) {
  static struct packet packet;
  static struct work w = {.proc = -1, .pidfd = -1, .changes = -1};
  int fd;
  if (argc != 2)
    return 2;
  setpriority(PRIO_PROCESS, 0, NICE); /* nobody else shall wait for it */
  ssize_t n = hold_request_receive(&packet, sizeof packet, &fd);
  if (n < 0 || !is_request(&packet, (size_t)n))
    return 1;
  take_request(&w, &packet);
  if (strlen(w.job) != packet.request.job_length || (*w.job && *w.job != '/'))
    return 1;
  hold_log_writer_init(&w.writer, has_flag(&w, PM_HOLD_LOGS_DETAIL));
  if (*w.job)
    serve_job(&w);
  else if (serve_process(&w, argv[1]) < 0 && !w.failed && !w.writer.hung_up)
    fail(&w, PM_HOLD_LOGS_BROKEN, EIO, "the file cannot be read");
  return 0;
}
