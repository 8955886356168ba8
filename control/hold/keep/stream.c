#include "hold/keep/stream.h"

#include "hold/keep/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  PIECE = 64 << 10,
  LINE_MOST = 1 << 20, /* beyond the limit of a segment */
  VIEW = 4096,         /* bytes that are searched at a time */
};

#define RETRY_NS UINT64_C(1000000000)

/* ---- segments ---- */

void keep_stream_leave(struct keep_stream *s) {
  if (s->to >= 0)
    close(s->to);
  s->to = -1;
  keep_index_close(&s->index);
}

static bool ends_line(int fd, uint64_t size) {
  char last;
  return size == 0 ||
         (pread(fd, &last, 1, (off_t)size - 1) == 1 && last == '\n');
}

/* Without one the bytes are stored nevertheless, and covered later. */
static void open_index(struct keep_stream *s, const struct keep_log *log,
                       uint64_t real_ns) {
  int fd = keep_segment_open(log->dir, s->number, s->segment,
                             KEEP_SEGMENT_INDEX, true);
  if (fd >= 0)
    keep_index_open(&s->index, fd, s->size, real_ns);
}

static int take(struct keep_stream *s, const struct keep_log *log, int fd,
                uint64_t segment, uint64_t real_ns) {
  off_t size = lseek(fd, 0, SEEK_END);
  if (size < 0)
    return -errno;
  s->to = fd;
  s->segment = s->said->segment = segment;
  s->size = (uint64_t)size;
  open_index(s, log, real_ns);
  return 0;
}

/* The highest that exists, if it can be gone on with. */
static int take_found(struct keep_stream *s, const struct keep_log *log,
                      uint64_t real_ns) {
  struct keep_found found[PM_JOB_STREAMS];
  int status = keep_segment_scan(log->dir, found);
  if (status < 0)
    return status;
  s->found = true;
  s->segment = found[s->number].highest;
  s->said->segments = found[s->number].count;
  /* what the holder before had stored since it last said so */
  if (found[s->number].bytes > s->said->bytes)
    s->said->stored += found[s->number].bytes - s->said->bytes;
  s->said->bytes = found[s->number].bytes;
  if (!s->segment)
    return 0;
  int fd = keep_segment_open(log->dir, s->number, s->segment, KEEP_SEGMENT_DATA,
                             false);
  if (fd < 0)
    return fd == -EINVAL || fd == -ELOOP || fd == -EISDIR || fd == -ENXIO ? 0
                                                                          : fd;
  return take(s, log, fd, s->segment, real_ns);
}

static int take_next(struct keep_stream *s, const struct keep_log *log,
                     uint64_t real_ns) {
  int fd = -EEXIST;
  for (uint64_t n = s->segment + 1; fd == -EEXIST; n++) {
    s->segment = n - 1;
    fd = keep_segment_open(log->dir, s->number, n, KEEP_SEGMENT_DATA, true);
  }
  if (fd < 0)
    return fd;
  s->said->segments++;
  return take(s, log, fd, s->segment + 1, real_ns);
}

/* The segment before, whose last line goes on in this one, is known by its
 * last byte. */
static bool goes_on(const struct keep_stream *s, const struct keep_log *log) {
  int fd = s->segment > 1
               ? keep_segment_open(log->dir, s->number, s->segment - 1,
                                   KEEP_SEGMENT_DATA, false)
               : -1;
  if (fd < 0)
    return false;
  off_t size = lseek(fd, 0, SEEK_END);
  bool whole = size < 0 || ends_line(fd, (uint64_t)size);
  close(fd);
  return !whole;
}

/* What goes to a file without a name is lost. */
static bool is_unlinked(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* The one that a holder before has begun. */
static int find_segment(struct keep_stream *s, const struct keep_log *log,
                        uint64_t real_ns) {
  if (s->to >= 0 && is_unlinked(s->to))
    keep_stream_leave(s);
  if (s->to >= 0)
    return 0;
  if (log->dir < 0)
    return -ENOENT;
  int status = s->found ? 0 : take_found(s, log, real_ns);
  if (status == 0 && s->to >= 0 && s->size == 0)
    s->partial = goes_on(s, log);
  return status;
}

static int open_segment(struct keep_stream *s, const struct keep_log *log,
                        uint64_t real_ns) {
  int status = 0;
  if (s->to < 0) {
    status = take_next(s, log, real_ns);
    s->partial = status == 0 && goes_on(s, log);
  }
  if (status == 0 && s->index.fd < 0)
    open_index(s, log, real_ns);
  return status;
}

static void cut(struct keep_stream *s) {
  keep_stream_leave(s);
  s->cut = true;
}

/* ---- moving ---- */

static ssize_t move(struct keep_stream *s, size_t most, uint64_t real_ns,
                    uint32_t flags) {
  off64_t at = (off64_t)s->size;
  ssize_t n = splice(s->from, NULL, s->to, &at, most,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n <= 0)
    return n < 0 ? -errno : 0;
  flags |= (s->partial ? PM_JOB_INDEX_PARTIAL : 0) |
           (s->dropped ? PM_JOB_INDEX_DROPPED : 0);
  s->size += (uint64_t)n;
  s->said->bytes += (uint64_t)n;
  s->said->stored += (uint64_t)n;
  /* what is not covered now is with what comes next */
  if (keep_index_add(&s->index, s->size, real_ns, flags) == 0)
    s->partial = s->dropped = false;
  return n;
}

/* Where the first line of the next bytes ends, 0: nowhere among them; looked
 * for in copies, so that nothing is consumed.  All of them are read, to empty
 * the pipe. */
static ssize_t look_ahead(const struct keep_stream *s,
                          const struct keep_log *log, size_t *ret_line_end) {
  ssize_t seen = tee(s->from, log->scratch[1], PIECE, SPLICE_F_NONBLOCK);
  if (seen <= 0)
    return seen < 0 ? -errno : 0;
  char view[VIEW];
  size_t line_end = 0;
  for (size_t done = 0; done < (size_t)seen;) {
    ssize_t n = read(log->scratch[0], view, sizeof view);
    if (n <= 0)
      return n < 0 ? -errno : -EIO;
    const char *newline = line_end ? NULL : memchr(view, '\n', (size_t)n);
    if (newline)
      line_end = done + (size_t)(newline - view) + 1;
    done += (size_t)n;
  }
  *ret_line_end = line_end;
  return seen;
}

/* All of them: a segment is cut only where it was meant to be. */
static ssize_t move_all(struct keep_stream *s, size_t length, uint64_t real_ns,
                        uint32_t flags) {
  for (size_t done = 0; done < length;) {
    ssize_t n = move(s, length - done, real_ns, flags);
    if (n <= 0)
      return n;
    done += (size_t)n;
  }
  return (ssize_t)length;
}

/* Up to the end of the line, and then a new segment. */
static ssize_t move_to_line_end(struct keep_stream *s,
                                const struct keep_log *log, uint64_t real_ns) {
  size_t line_end;
  ssize_t seen = look_ahead(s, log, &line_end);
  if (seen <= 0)
    return seen;
  bool too_long = s->size + (uint64_t)seen >= log->segment_bytes + LINE_MOST;
  bool breaks = !line_end && too_long;
  size_t length = line_end ? line_end : (size_t)seen;
  ssize_t n = move_all(s, length, real_ns, breaks ? PM_JOB_INDEX_PARTIAL : 0);
  if (n > 0 && (line_end || breaks))
    cut(s);
  return n;
}

/* ---- what cannot be stored ---- */

static ssize_t drop(struct keep_stream *s, const struct keep_log *log) {
  ssize_t n = splice(s->from, NULL, log->null, NULL, PIECE, SPLICE_F_NONBLOCK);
  if (n <= 0)
    return n < 0 ? -errno : 0;
  s->said->dropped_bytes += (uint64_t)n;
  s->dropped = true;
  return n;
}

static void block(struct keep_stream *s, int error, const struct pm_now *now) {
  if (!s->blocked_since)
    s->blocked_since = now->boot;
  s->said->error = error;
  s->retry_at = now->boot + RETRY_NS;
}

void keep_stream_account(struct keep_stream *s, const struct pm_now *now) {
  if (!s->blocked_since || now->boot <= s->blocked_since)
    return;
  s->said->blocked_ns += now->boot - s->blocked_since;
  s->blocked_since = now->boot;
}

static void unblock(struct keep_stream *s, const struct pm_now *now) {
  keep_stream_account(s, now);
  s->blocked_since = s->retry_at = 0;
  s->said->error = 0;
}

/* A segment is made when there is something for it: who prints nothing has
 * none. */
static ssize_t wait_for_bytes(const struct keep_stream *s,
                              const struct keep_log *log) {
  size_t unused;
  return s->to >= 0 ? 1 : look_ahead(s, log, &unused);
}

static ssize_t store(struct keep_stream *s, const struct keep_log *log,
                     const struct pm_now *now) {
  int status = find_segment(s, log, now->real);
  ssize_t seen = status == 0 ? wait_for_bytes(s, log) : 1;
  if (seen <= 0)
    return seen;
  if (status == 0)
    status = open_segment(s, log, now->real);
  if (status < 0)
    return status == -EAGAIN ? -EIO : status;
  uint64_t room =
      s->size < log->segment_bytes ? log->segment_bytes - s->size : 0;
  if (room)
    return move(s, room < PIECE ? (size_t)room : PIECE, now->real, 0);
  /* cut by a holder that died before the next one was made */
  if (ends_line(s->to, s->size)) {
    cut(s);
    return store(s, log, now);
  }
  return move_to_line_end(s, log, now->real);
}

bool keep_stream_listens(const struct keep_stream *s,
                         const struct keep_log *log) {
  return s->from >= 0 &&
         (!s->blocked_since || s->discard || log->on_full == PM_JOB_DROP_NEW);
}

enum keep_pumped keep_stream_pump(struct keep_stream *s,
                                  const struct keep_log *log,
                                  const struct pm_now *now) {
  bool waits = s->blocked_since && now->boot < s->retry_at;
  bool drops = s->discard || (waits && log->on_full == PM_JOB_DROP_NEW);
  if (waits && !drops)
    return KEEP_BLOCKED;
  ssize_t n = drops ? drop(s, log) : store(s, log, now);
  if (n == 0) {
    close(s->from);
    s->from = -1;
  }
  if (n < 0 && n != -EAGAIN) {
    block(s, (int)-n, now);
    return KEEP_BLOCKED;
  }
  if (!drops && s->blocked_since)
    unblock(s, now);
  return n == 0 ? KEEP_END : n < 0 ? KEEP_EMPTY : KEEP_MOVED;
}
