#include "hold/keep/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  PIECES = 16, /* of a stream in a turn: a busy one must not hold up a stop */
  SEGMENT_LEAST = 4096,
  SEGMENTS = 8,
};

#define LOG_BYTES (UINT64_C(64) << 20)
#define FLUSH_NS UINT64_C(1000000000)

void keep_log_init(struct keep *k) {
  const struct pm_job_fields *f = &k->spec.fields;
  k->limits = (struct keep_limits){
      .bytes = f->log_bytes ? f->log_bytes : LOG_BYTES,
      .segments = f->log_segments ? f->log_segments : SEGMENTS,
      .age_ns = f->log_age_ns,
  };
  uint64_t piece = k->limits.bytes / k->limits.segments;
  k->log = (struct keep_log){
      .dir = -1,
      .null = k->files.null,
      .scratch = {k->files.scratch[0], k->files.scratch[1]},
      .segment_bytes = piece < SEGMENT_LEAST ? SEGMENT_LEAST : piece,
      .on_full = f->on_full,
  };
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++)
    k->stream[i] = (struct keep_stream){.number = i,
                                        .from = k->files.from[i],
                                        .to = -1,
                                        .index = {.fd = -1},
                                        .said = &k->state.stream[i]};
  if (k->files.log_dir >= 0)
    k->log.dir =
        openat(k->files.log_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (k->state.wants & PM_JOB_WANTS_REMOVAL &&
      k->state.state >= PM_JOB_DRAINING)
    keep_log_discard(k);
  k->retain_at = 0; /* look once */
}

/* ---- the folder ---- */

/* It was removed, or could not be opened when the holder began: by its path,
 * as the job's user. */
static void find_folder(struct keep *k) {
  struct stat st;
  if (k->log.dir >= 0 && fstat(k->log.dir, &st) == 0 && st.st_nlink > 0)
    return;
  int fd = open(k->spec.text[PM_JOB_LOG_DIR],
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return;
  if (fstat(fd, &st) < 0 || st.st_uid != k->spec.fields.uid) {
    close(fd);
    return;
  }
  if (k->log.dir >= 0)
    close(k->log.dir);
  k->log.dir = fd;
}

/* ---- retention ---- */

static void count(struct keep *k,
                  const struct keep_found found[PM_JOB_STREAMS]) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    k->state.stream[i].segments = found[i].count;
    k->state.stream[i].bytes = found[i].bytes;
  }
  k->retain_at = keep_retain_next(found, &k->limits);
}

/* One segment with its index; what a holder before has begun comes first.
 * True: something went. */
static bool retain_one(struct keep *k, bool force) {
  struct keep_found found[PM_JOB_STREAMS];
  if (k->state.step == PM_JOB_NO_STEP) {
    if (keep_segment_scan(k->log.dir, found) < 0)
      return false;
    count(k, found);
    if (!keep_retain_choose(found, &k->limits, k->now.real, force, &k->state))
      return false;
    keep_publish(k);
  }
  while (k->state.step != PM_JOB_NO_STEP)
    if (keep_retain_step(k->log.dir, &k->state) < 0)
      return false;
  k->flush_at = k->now.boot;
  return true;
}

static void retain(struct keep *k) {
  k->retain_at = UINT64_MAX;
  if (k->log.dir < 0)
    return;
  while (retain_one(k, false))
    continue;
  /* a step that failed is tried again */
  if (k->state.step != PM_JOB_NO_STEP)
    k->retain_at = k->now.real + FLUSH_NS;
}

void keep_log_remove(struct keep *k) {
  struct keep_found found[PM_JOB_STREAMS];
  if (k->log.dir < 0)
    return;
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    keep_stream_leave(&k->stream[i]);
    while (keep_segment_scan(k->log.dir, found) == 0 &&
           (found[i].lowest || found[i].lowest_index)) {
      uint64_t n = found[i].lowest ? found[i].lowest : found[i].lowest_index;
      if (keep_segment_unlink(k->log.dir, i, n, KEEP_SEGMENT_DATA) < 0 ||
          keep_segment_unlink(k->log.dir, i, n, KEEP_SEGMENT_INDEX) < 0)
        return;
    }
  }
}

/* ---- a turn ---- */

static bool is_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* This job's own oldest segment goes first. */
static void make_room(struct keep *k, struct keep_stream *s) {
  if (is_full(s->said->error) && k->log.dir >= 0 && retain_one(k, true))
    s->retry_at = k->now.boot;
}

static void note_change(struct keep *k, uint64_t delay_ns) {
  uint64_t at = k->now.boot + delay_ns;
  if (!k->flush_at || at < k->flush_at)
    k->flush_at = at;
}

static enum keep_pumped pump(struct keep *k, struct keep_stream *s) {
  bool was = s->blocked_since, waits = was && k->now.boot < s->retry_at;
  if (was && !waits)
    find_folder(k);
  enum keep_pumped got = keep_stream_pump(s, &k->log, &k->now);
  if (got == KEEP_BLOCKED && !waits)
    make_room(k, s);
  if (!!s->blocked_since != was)
    note_change(k, 0);
  else if (got == KEEP_MOVED || got == KEEP_BLOCKED)
    note_change(k, FLUSH_NS);
  if (s->cut)
    retain(k);
  s->cut = false;
  return got == KEEP_BLOCKED && s->retry_at <= k->now.boot ? KEEP_MOVED : got;
}

static bool turn_stream(struct keep *k, struct keep_stream *s) {
  for (int i = 0; i < PIECES && s->from >= 0; i++)
    if (pump(k, s) != KEEP_MOVED)
      return false;
  return s->from >= 0;
}

static void flush(struct keep *k) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    keep_stream_account(&k->stream[i], &k->now);
  keep_publish(k);
}

bool keep_log_turn(struct keep *k) {
  bool more = false;
  if (k->now.real >= k->retain_at)
    retain(k);
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    more |= turn_stream(k, &k->stream[i]);
  if (k->flush_at && k->now.boot >= k->flush_at)
    flush(k);
  return more;
}

/* ---- what the holder asks ---- */

bool keep_log_is_drained(const struct keep *k) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    if (k->stream[i].from >= 0)
      return false;
  return true;
}

void keep_log_discard(struct keep *k) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    struct keep_stream *s = &k->stream[i];
    keep_stream_account(s, &k->now);
    s->blocked_since = s->retry_at = 0;
    s->discard = true;
  }
}

uint64_t keep_log_next(const struct keep *k) {
  uint64_t next = k->flush_at ? k->flush_at : UINT64_MAX;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    const struct keep_stream *s = &k->stream[i];
    if (s->from >= 0 && s->blocked_since && !s->discard && s->retry_at < next)
      next = s->retry_at;
  }
  if (k->retain_at == UINT64_MAX)
    return next;
  uint64_t wait = k->retain_at > k->now.real ? k->retain_at - k->now.real : 0;
  return k->now.boot + wait < next ? k->now.boot + wait : next;
}
