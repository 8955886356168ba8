#include "hold/log_stream.h"

#include "hold/log_segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  CHUNK = 64 << 10,
  BUFFER = HOLD_LOG_PIECE + CHUNK,
  PATIENCE = 3,    /* milliseconds, for an index of what was just stored */
  UNREADABLE = 16, /* segments that are passed over at once */
  AGAIN = 2,
};

int hold_log_stream_init(struct hold_log_stream *s, int dir, unsigned number) {
  *s = (struct hold_log_stream){
      .dir = dir, .number = number, .fd = -1, .buffer = malloc(BUFFER)};
  hold_log_index_open(&s->index, -1);
  return s->buffer ? 0 : -ENOMEM;
}

static void leave(struct hold_log_stream *s) {
  if (s->fd >= 0)
    close(s->fd);
  s->fd = -1;
  hold_log_index_close(&s->index);
}

void hold_log_stream_done(struct hold_log_stream *s) {
  leave(s);
  free(s->buffer);
}

/* ---- segments ---- */

static void open_index(struct hold_log_stream *s) {
  hold_log_index_open(&s->index,
                      hold_log_segment_open(s->dir, s->number, s->at.segment,
                                            HOLD_LOG_SEGMENT_INDEX));
}

static void enter(struct hold_log_stream *s, int fd,
                  const struct hold_log_place *at) {
  leave(s);
  s->at = *at;
  s->fd = fd;
  s->begin = s->held = s->searched = 0;
  s->patience = PATIENCE;
  s->tried = 0;
  open_index(s);
}

/* The lowest number above.  0: none, or it cannot be told.  A folder that grows
 * while it is read may show a segment and not the one before it; but what was
 * made before somebody begins to read is shown. */
static uint64_t look_above(const struct hold_log_stream *s, uint64_t number) {
  struct hold_log_segments all = {0};
  hold_log_segment_look(s->dir, s->number, number, &all);
  if (all.after > number + 1)
    hold_log_segment_look(s->dir, s->number, number, &all);
  return all.after;
}

static int open_number(const struct hold_log_stream *s, uint64_t number) {
  return hold_log_segment_open(s->dir, s->number, number,
                               HOLD_LOG_SEGMENT_DATA);
}

/* The segment that follows.  -ENOENT: there is none yet. */
static int open_next(struct hold_log_stream *s, uint64_t *ret) {
  uint64_t from = s->tried > s->at.segment ? s->tried : s->at.segment;
  for (int i = 0; i < UNREADABLE; i++) {
    uint64_t number = from + 1;
    int fd = open_number(s, number);
    if (fd == -ENOENT) {
      number = look_above(s, from);
      fd = number ? open_number(s, number) : -ENOENT;
    }
    *ret = number;
    if (fd >= 0 || !number)
      return fd;
    if (fd == -ENOENT) /* it went just now */
      continue;
    s->gaps |= HOLD_LOG_UNREADABLE;
    s->tried = from = number;
  }
  return -ENOENT;
}

static void go_to_next(struct hold_log_stream *s, uint64_t number, int fd) {
  bool follows = number == s->at.segment + 1;
  struct hold_log_place at = {number, 0, follows ? s->at.next : HOLD_LOG_LINE};
  if (!follows && number != s->tried + 1)
    s->gaps |= HOLD_LOG_RETAINED;
  enter(s, fd, &at);
}

/* ---- where to begin ---- */

/* It is no longer there. */
static int seek_gone(struct hold_log_stream *s,
                     const struct hold_log_place *place, int error) {
  struct hold_log_segments all;
  int status = hold_log_segment_look(s->dir, s->number, place->segment, &all);
  if (status < 0)
    return status;
  if (all.highest && all.highest < place->segment)
    return -EINVAL;
  leave(s);
  s->at = *place;
  s->at.next = HOLD_LOG_LINE;
  s->gaps |= error == -ENOENT ? HOLD_LOG_RETAINED : HOLD_LOG_UNREADABLE;
  return 0;
}

int hold_log_stream_seek(struct hold_log_stream *s,
                         const struct hold_log_place *place) {
  struct stat st;
  if (!place->segment)
    return 0;
  int fd = open_number(s, place->segment);
  if (fd < 0)
    return seek_gone(s, place, fd);
  enter(s, fd, place);
  if (fstat(fd, &st) == 0 && (uint64_t)st.st_size < place->offset)
    s->gaps |= HOLD_LOG_CUT;
  return 0;
}

/* All of the segment came before that, and there is another one. */
static bool is_passed_over(struct hold_log_stream *s, uint64_t real_ns) {
  struct stat st;
  if (fstat(s->fd, &st) < 0 || (uint64_t)st.st_size > s->index.end ||
      !hold_log_index_is_before(&s->index, real_ns))
    return false;
  return look_above(s, s->at.segment) > 0;
}

/* The first one there is begins with what is too old: so is all that was
 * removed before it. */
int hold_log_stream_seek_time(struct hold_log_stream *s, uint64_t real_ns) {
  uint64_t number;
  int fd = open_next(s, &number);
  if (fd < 0)
    return 0;
  unsigned gaps = s->gaps;
  go_to_next(s, number, fd);
  struct hold_log_stamp first = hold_log_index_stamp(&s->index, 0, UINT64_MAX);
  if (first.real_ns && first.real_ns < real_ns)
    s->gaps = gaps;
  while (is_passed_over(s, real_ns) && (fd = open_next(s, &number)) >= 0) {
    go_to_next(s, number, fd);
    s->gaps = gaps;
  }
  return 0;
}

/* ---- reading ---- */

static void sleep_ms(void) {
  const struct timespec t = {0, 1000000};
  nanosleep(&t, NULL);
}

/* Data first, then index: that of what was read comes very soon, if at all. */
static void look_at_index(struct hold_log_stream *s) {
  uint64_t end = s->at.offset + s->held;
  struct stat st;
  for (;; sleep_ms()) {
    if (s->index.fd < 0 && !s->index.is_broken)
      open_index(s);
    else
      hold_log_index_refresh(&s->index);
    if (s->index.is_broken || s->index.end >= end)
      s->patience = PATIENCE;
    if (s->index.is_broken || s->index.end >= end || s->ended || !s->patience)
      break;
    s->patience--;
  }
  if (s->index.end < end && fstat(s->fd, &st) == 0)
    s->changed_ns = (uint64_t)st.st_mtim.tv_sec * UINT64_C(1000000000) +
                    (uint64_t)st.st_mtim.tv_nsec;
}

/* 0: the end, at present. */
static int fill(struct hold_log_stream *s) {
  ssize_t n;
  if (s->fd < 0)
    return 0;
  if (s->begin + s->held + CHUNK > BUFFER) {
    memmove(s->buffer, s->buffer + s->begin, s->held);
    s->begin = 0;
  }
  do
    n = pread(s->fd, s->buffer + s->begin + s->held, CHUNK,
              (off_t)(s->at.offset + s->held));
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    return n < 0 ? -errno : 0;
  s->held += (size_t)n;
  look_at_index(s);
  return 1;
}

/* ---- pieces ---- */

/* The next `size` bytes; what was dropped in their midst ends them there: what
 * follows is no rest of the same line. */
static void make_piece(struct hold_log_stream *s, size_t size, bool more,
                       struct hold_log_piece *ret) {
  uint64_t from = s->at.offset, last = from + size - 1, drop = UINT64_MAX;
  bool dropped = hold_log_index_first_drop(&s->index, from, from) == from;
  if (size > 1)
    drop = hold_log_index_first_drop(&s->index, from + 1, last);
  if (drop != UINT64_MAX) {
    size = (size_t)(drop - from);
    last = drop - 1;
    more = false;
  }
  const char *text = s->buffer + s->begin;
  *ret = (struct hold_log_piece){
      .text = text,
      .length = text[size - 1] == '\n' ? size - 1 : size,
      .size = size,
      .more = more,
      .dropped = dropped,
      .stamp = hold_log_index_stamp(&s->index, last, s->changed_ns)};
}

static bool find_piece(struct hold_log_stream *s, struct hold_log_piece *ret) {
  const char *from = s->buffer + s->begin;
  size_t most = s->held < HOLD_LOG_PIECE ? s->held : HOLD_LOG_PIECE;
  const char *end = memchr(from + s->searched, '\n', most - s->searched);
  if (!end && most < HOLD_LOG_PIECE) {
    s->searched = most;
    return false;
  }
  make_piece(s, end ? (size_t)(end - from) + 1 : most, !end, ret);
  return true;
}

/* At the end of a segment: it is known to be its last only if there is a next
 * one, and what was stored before that was made is read then. */
static int go_on(struct hold_log_stream *s, struct hold_log_piece *ret) {
  uint64_t number;
  int fd = open_next(s, &number);
  if (fd < 0 && s->ended && s->held) {
    make_piece(s, s->held, false, ret);
    return 1;
  }
  if (fd < 0)
    return 0;
  int status = fill(s);
  if (status == 0 && !s->held) {
    go_to_next(s, number, fd);
    return AGAIN;
  }
  if (status == 0)
    make_piece(s, s->held, number == s->at.segment + 1, ret);
  close(fd);
  return status == 0 ? 1 : status < 0 ? status : AGAIN;
}

int hold_log_stream_peek(struct hold_log_stream *s,
                         struct hold_log_piece *ret) {
  for (;;) {
    if (s->held && find_piece(s, ret))
      return 1;
    int status = fill(s);
    if (status == 0)
      status = go_on(s, ret);
    else if (status > 0)
      status = AGAIN;
    if (status != AGAIN)
      return status;
  }
}

void hold_log_stream_take(struct hold_log_stream *s,
                          const struct hold_log_piece *p, bool is_wanted) {
  if (p->dropped)
    s->gaps |= HOLD_LOG_DROPPED;
  s->at.offset += p->size;
  s->at.next = !p->more    ? HOLD_LOG_LINE
               : is_wanted ? HOLD_LOG_TAKEN
                           : HOLD_LOG_SKIPPED;
  s->begin += p->size;
  s->held -= p->size;
  s->searched = 0;
}
