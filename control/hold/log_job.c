#include "hold/log_job.h"

#include "hold/become.h"
#include "hold/job_open.h"
#include "hold/log_last.h"
#include "hold/log_merge.h"

#include "base/now.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
  LOOK_MS = 1000,
  GATHER_MS = 5, /* so that who prints often does not wake us each time */
  ROUND = 4096,  /* lines, until it is looked what has happened meanwhile */
  ENDLESS = 16 << 20, /* bytes of one line in a page */
};

struct work {
  const struct hold_log_job *asked;
  const struct pm_hold_logs_request *request;
  struct hold_log_writer *writer;
  struct hold_job job;
  struct hold_log_filter filter;
  struct pm_job_state_record state;
  bool ended;  /* nothing will be added to the log */
  int dir;     /* the log's folder; -1: there is none */
  int changes; /* inotify(7), or -1 */
  struct hold_log_stream stream[PM_JOB_STREAMS];
  struct hold_log_merge merge;
  uint64_t left;      /* lines that may still be put */
  uint64_t unmatched; /* bytes since the last line that was put, */
  uint64_t endless;   /* and of the beginning of one that was */
  unsigned gaps;      /* enum hold_log_gap; the streams have their own */
  bool failed;        /* that was said */
};

static int fail(struct work *w, enum pm_hold_logs_failure failure, int num,
                const char *text) {
  hold_log_send_failure(w->writer, failure, num, text);
  w->failed = true;
  return -1;
}

static bool has_flag(const struct work *w, enum pm_hold_logs_flags flag) {
  return w->request->flags & flag;
}

/* ---- the job ---- */

static int refuse_job(struct work *w, int num) {
  switch (num) {
  case ENOENT:
    return fail(w, PM_HOLD_LOGS_GONE, ENOENT, "there is no such job");
  case EPERM:
    return fail(w, PM_HOLD_LOGS_BROKEN, EPERM,
                "the job's folder, or the one above its log, is not only "
                "collectd's to write");
  default:
    return fail(w, PM_HOLD_LOGS_BROKEN, num, "the job cannot be read");
  }
}

static void watch(struct work *w, int fd, uint32_t what) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (w->changes >= 0)
    inotify_add_watch(w->changes, path, what);
}

/* The job's user may not watch its state, so that this comes before the ids. */
static int open_job(struct work *w) {
  int status = hold_job_open(w->asked->folder, &w->job);
  if (status < 0)
    return refuse_job(w, -status);
  if (has_flag(w, PM_HOLD_LOGS_FOLLOW)) {
    w->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch(w, w->job.state, IN_MODIFY | IN_ATTRIB);
  }
  return 0;
}

static int become(struct work *w) {
  const struct pm_job_fields *f = &w->job.spec.fields;
  const struct pm_hold_identity as = {
      .uid = f->uid, .gid = f->gid, .group_count = f->group_count};
  enum pm_hold_stage stage;
  int status =
      hold_become(&as, w->job.spec.groups, HOLD_NO_NEW_PRIVILEGES, &stage);
  if (status == 0)
    return 0;
  hold_log_send_refusal(w->writer, stage, -status);
  w->failed = true;
  return -1;
}

static int open_log(struct work *w) {
  w->dir = hold_job_open_log(&w->job);
  if (w->dir == -EACCES || w->dir == -EPERM)
    return fail(w, PM_HOLD_LOGS_DENIED, -w->dir,
                "the job's user may not read the folder of its log");
  if (w->dir == -ENOENT)
    w->gaps |= HOLD_LOG_REMOVED;
  else if (w->dir < 0)
    return fail(w, PM_HOLD_LOGS_BROKEN, -w->dir,
                "the folder of its log cannot be opened");
  return 0;
}

static void look_at_state(struct work *w) {
  int status = hold_job_read_state(&w->job, &w->state);
  if (status == -ESTALE || w->state.wants & PM_JOB_WANTS_REMOVAL)
    w->gaps |= HOLD_LOG_REMOVED;
  w->ended = status == -ESTALE || w->state.state == PM_JOB_EXITED;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    w->stream[i].ended = w->ended;
}

/* ---- the streams ---- */

/* Where both go to stdout, nobody can tell them apart. */
static bool is_merged(const struct work *w) {
  return w->job.spec.fields.flags & PM_JOB_MERGE_STDERR;
}

static unsigned streams_of(const struct work *w) {
  return is_merged(w) ? PM_HOLD_LOGS_STDOUT : w->request->streams;
}

static int open_streams(struct work *w) {
  w->merge.filter = &w->filter;
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    if (w->dir < 0 || !(streams_of(w) & 1U << i))
      continue;
    if (hold_log_stream_init(&w->stream[i], w->dir, i) < 0)
      return fail(w, PM_HOLD_LOGS_BROKEN, ENOMEM, "out of memory");
    w->merge.stream[i] = &w->stream[i];
  }
  return 0;
}

/* ---- where to begin ---- */

static int read_places(struct work *w,
                       struct hold_log_place at[PM_JOB_STREAMS]) {
  const char *id = w->job.spec.text[PM_JOB_ID];
  if (*w->asked->cursor)
    return hold_log_place_read(w->asked->cursor, id, at);
  const struct hold_log_last last = {.dir = w->dir,
                                     .streams = streams_of(w),
                                     .ended = w->ended,
                                     .lines = w->request->max_lines,
                                     .filter = &w->filter};
  return hold_log_last_find(&last, at, &w->gaps);
}

/* A place that was found just now may have gone since. */
static int seek_stream(struct work *w, size_t number,
                       const struct hold_log_place *at) {
  int status = hold_log_stream_seek(&w->stream[number], at);
  if (status != -EINVAL || *w->asked->cursor)
    return status;
  w->gaps |= HOLD_LOG_RETAINED;
  return 0;
}

static int seek_streams(struct work *w) {
  struct hold_log_place at[PM_JOB_STREAMS] = {{0}};
  bool from_start = !*w->asked->cursor && has_flag(w, PM_HOLD_LOGS_FROM_START);
  int status = from_start ? 0 : read_places(w, at);
  for (size_t i = 0; i < PM_JOB_STREAMS && status == 0; i++) {
    w->stream[i].at = at[i]; /* also of one that is not read now */
    if (w->merge.stream[i] && from_start && w->filter.since_ns)
      status = hold_log_stream_seek_time(&w->stream[i], w->filter.since_ns);
    else if (w->merge.stream[i])
      status = seek_stream(w, i, &at[i]);
  }
  return status;
}

static int seek(struct work *w) {
  int status = seek_streams(w);
  if (status == -EINVAL)
    return fail(w, PM_HOLD_LOGS_ARGUMENT, EINVAL,
                "the cursor is not one that get_logs has given for this job");
  return status;
}

/* ---- reading ---- */

/* Somebody looks for what is not there, in a file without end: a page ends, and
 * a follower goes on when nobody else wants the CPU. */
static bool is_enough(struct work *w) {
  const struct sched_param param = {.sched_priority = 0};
  bool page = !has_flag(w, PM_HOLD_LOGS_FOLLOW);
  if (page && w->endless >= ENDLESS)
    w->gaps |= HOLD_LOG_ENDLESS;
  if (page && (!w->left || w->endless >= ENDLESS))
    return true;
  if (w->unmatched < HOLD_LOG_SEARCHED_MAX)
    return false;
  w->unmatched = 0;
  if (page)
    w->gaps |= HOLD_LOG_SEARCHED;
  else
    sched_setscheduler(0, SCHED_IDLE, &param);
  return page;
}

static int put(struct work *w, unsigned number,
               const struct hold_log_piece *piece) {
  static const char *const names[] = {"stdout", "stderr"};
  const struct hold_log_line line = {.text = piece->text,
                                     .length = piece->length,
                                     .stream =
                                         is_merged(w) ? NULL : names[number],
                                     .more = piece->more,
                                     .time_us = piece->stamp.real_ns / 1000,
                                     .is_latest = piece->stamp.is_latest};
  return hold_log_put(w->writer, &line);
}

/* Its first piece decides for all of a line. */
static bool is_wanted(struct work *w, unsigned number) {
  struct hold_log_piece *p = &w->merge.head[number].piece;
  if (w->stream[number].at.next != HOLD_LOG_LINE)
    return w->stream[number].at.next == HOLD_LOG_TAKEN;
  if (hold_log_is_too_old(&w->filter, &p->stamp)) {
    p->dropped = false; /* before the time that was asked for */
    return false;
  }
  bool wanted = hold_log_matches(&w->filter, p->text, p->length);
  if (!wanted && p->more)
    w->gaps |= HOLD_LOG_UNSEARCHED;
  return wanted;
}

static int take(struct work *w, unsigned number) {
  const struct hold_log_piece *p = &w->merge.head[number].piece;
  bool wanted = is_wanted(w, number), whole = wanted && !p->more;
  int status = wanted ? put(w, number, p) : 0;
  w->unmatched = wanted ? 0 : w->unmatched + p->size;
  w->endless = whole ? 0 : w->endless + (wanted ? p->size : 0);
  w->left -= whole && w->left;
  hold_log_merge_take(&w->merge, number, wanted);
  return status;
}

/* 1: there is more; 0: not at present, or it is enough. */
static int read_round(struct work *w) {
  unsigned number;
  hold_log_merge_refresh(&w->merge);
  for (int i = 0; i < ROUND; i++) {
    if (is_enough(w))
      return 0;
    int status = hold_log_merge_next(&w->merge, &number);
    if (status == 1)
      status = take(w, number) < 0 ? -EIO : 1;
    if (status <= 0)
      return status;
  }
  return 1;
}

/* ---- the end ---- */

/* What is dropped stands in the index before what follows; at the end of the
 * log nothing follows. */
static bool drops_at_end(const struct work *w, unsigned number) {
  const struct pm_job_stream *said = &w->state.stream[number];
  bool drops = said->error && w->job.spec.fields.on_full == PM_JOB_DROP_NEW;
  return w->merge.head[number].is_at_end && said->dropped_bytes &&
         (w->ended || drops);
}

/* What ended a stream came at its time or before. */
static bool ends_unsure(const struct work *w, unsigned number) {
  const struct hold_log_head *h = &w->merge.head[number];
  return h->has && h->piece.stamp.is_latest &&
         hold_log_is_over(&w->filter, &h->piece.stamp);
}

static unsigned find_gaps(const struct work *w) {
  unsigned gaps = w->gaps;
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    gaps |= w->stream[i].gaps;
    if (w->merge.stream[i] && drops_at_end(w, i))
      gaps |= HOLD_LOG_DROPPED;
    if (ends_unsure(w, i))
      gaps |= HOLD_LOG_UNSURE;
  }
  return gaps;
}

static void explain(unsigned gaps, char *ret, size_t size) {
  static const struct {
    enum hold_log_gap gap;
    const char *text;
  } rows[] = {
      {HOLD_LOG_REMOVED, "its log was removed"},
      {HOLD_LOG_RETAINED, "some of its lines are no longer kept"},
      {HOLD_LOG_DROPPED, "some of its output was dropped"},
      {HOLD_LOG_CUT, "somebody has cut a file of its log"},
      {HOLD_LOG_UNREADABLE, "a file of its log cannot be read"},
      {HOLD_LOG_UNSURE, "of some lines nobody knows exactly when they came"},
      {HOLD_LOG_UNSEARCHED, "of a long line only the beginning was searched"},
      {HOLD_LOG_ENDLESS, "a line has more than 16 MiB"},
      {HOLD_LOG_SEARCHED, "no more than 256 MiB were searched"},
  };
  size_t n = 0;
  ret[0] = '\0';
  for (size_t i = 0; i < sizeof rows / sizeof *rows && n < size; i++)
    if (gaps & rows[i].gap)
      n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? "; " : "",
                            rows[i].text);
}

/* A cursor at the end of a segment that is complete is one at the start of the
 * next: it lives longer. */
static int finish(struct work *w, const char *reason) {
  char cursor[HOLD_LOG_CURSOR], why[512];
  struct hold_log_place at[PM_JOB_STREAMS];
  unsigned unused;
  hold_log_merge_next(&w->merge, &unused);
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    at[i] = w->stream[i].at;
  hold_log_place_write(cursor, w->job.spec.text[PM_JOB_ID], at);
  explain(find_gaps(w), why, sizeof why);
  return hold_log_send_end(w->writer, cursor, *why ? why : reason, !*why);
}

/* ---- following ---- */

/* Until something was stored, the job has changed, or a second has passed.
 * False: collectd has hung up. */
static bool wait_for_more(struct work *w, int ms) {
  char events[4096];
  struct pollfd p[] = {{.fd = PM_HOLD_SOCKET, .events = POLLIN},
                       {.fd = w->changes, .events = POLLIN}};
  poll(p, 2, ms);
  if (p[1].revents && ms)
    poll(p, 1, GATHER_MS);
  while (p[1].revents && read(w->changes, events, sizeof events) > 0)
    continue;
  return !p[0].revents;
}

/* The holder reads the clock before it stores. */
static bool is_past(const struct work *w) {
  return w->filter.until_ns &&
         pm_now_read().real - PM_NS_PER_S / 10 >= w->filter.until_ns;
}

static int follow(struct work *w) {
  watch(w, w->dir, IN_MODIFY | IN_CREATE);
  for (;;) {
    bool past = is_past(w);
    look_at_state(w);
    int status = read_round(w);
    if (status == 0)
      status = hold_log_flush(w->writer);
    else if (status == 1 && wait_for_more(w, 0))
      continue;
    if (status != 0)
      return status < 0 ? status : -EPIPE;
    if (w->ended || past)
      return finish(w, w->ended ? "exited" : "until");
    if (!wait_for_more(w, LOOK_MS))
      return -EPIPE;
  }
}

static int read_page(struct work *w) {
  int status;
  do {
    look_at_state(w);
    status = read_round(w);
  } while (status == 1);
  return status < 0 ? status : finish(w, "");
}

/* ---- all of it ---- */

static int serve(struct work *w) {
  if (open_job(w) < 0 || become(w) < 0 || open_log(w) < 0)
    return -1;
  look_at_state(w);
  if (open_streams(w) < 0 || hold_log_send_source(w->writer, "job", "") < 0)
    return -1;
  w->left = w->request->max_lines;
  int status = w->dir < 0 ? 0 : seek(w);
  if (status < 0)
    return status;
  if (w->dir < 0)
    return finish(w, "");
  return has_flag(w, PM_HOLD_LOGS_FOLLOW) ? follow(w) : read_page(w);
}

void hold_log_job_serve(const struct hold_log_job *job,
                        struct hold_log_writer *writer) {
  static struct work w;
  w = (struct work){.asked = job,
                    .request = job->request,
                    .writer = writer,
                    .filter = {.match = job->match,
                               .since_ns = job->request->since_ns,
                               .until_ns = job->request->until_ns},
                    .dir = -1,
                    .changes = -1};
  int status = serve(&w);
  if (status < 0 && !w.failed && !writer->hung_up)
    fail(&w, PM_HOLD_LOGS_BROKEN, status < -1 ? -status : EIO,
         "the log cannot be read");
}
