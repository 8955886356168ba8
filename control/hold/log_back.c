#include "hold/log_back.h"

#include "hold/log_file.h"
#include "hold/log_segment.h"
#include "hold/log_stream.h"

#include "base/clean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNREADABLE = 16 /* segments that are passed over */ };

/* ---- segments ---- */

static void leave(struct hold_log_back *b) {
  if (b->fd >= 0)
    close(b->fd);
  b->fd = -1;
  b->held = 0;
  hold_log_index_close(&b->index);
}

/* At its end. */
static int enter(struct hold_log_back *b, uint64_t number) {
  struct stat st;
  int fd =
      hold_log_segment_open(b->dir, b->number, number, HOLD_LOG_SEGMENT_DATA);
  if (fd < 0)
    return fd;
  leave(b);
  b->fd = fd;
  if (fstat(fd, &st) < 0)
    return -errno;
  b->changed_ns = (uint64_t)st.st_mtim.tv_sec * UINT64_C(1000000000) +
                  (uint64_t)st.st_mtim.tv_nsec;
  b->at = (struct hold_log_place){.segment = number,
                                  .offset = (uint64_t)st.st_size};
  hold_log_index_open(
      &b->index,
      hold_log_segment_open(b->dir, b->number, number, HOLD_LOG_SEGMENT_INDEX));
  return 0;
}

/* The one before, that can be read.  1: done; 0: there is none. */
static int enter_before(struct hold_log_back *b, uint64_t number) {
  struct hold_log_segments all;
  for (int i = 0; i < UNREADABLE; i++) {
    int status = hold_log_segment_look(b->dir, b->number, number, &all);
    if (status < 0)
      return status;
    b->is_first = !all.before && all.lowest <= 1;
    if (!all.before)
      return 0;
    status = enter(b, all.before);
    if (status == 0)
      return 1;
    if (status != -ENOENT)
      b->gaps |= HOLD_LOG_UNREADABLE;
    number = all.before;
  }
  return 0;
}

/* ---- blocks ---- */

/* What ends at `to`.  Where somebody has cut the file meanwhile, there are
 * zeros. */
static int load(struct hold_log_back *b, uint64_t to) {
  size_t size = to < HOLD_LOG_PIECE ? (size_t)to : HOLD_LOG_PIECE;
  ssize_t n;
  b->from = to - size;
  b->held = size;
  b->searched += size;
  do
    n = pread(b->fd, b->buffer, size, (off_t)b->from);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;
  if ((size_t)n < size) {
    b->gaps |= HOLD_LOG_CUT;
    memset(b->buffer + n, 0, size - (size_t)n);
  }
  return 0;
}

static bool has(const struct hold_log_back *b, uint64_t from, uint64_t to) {
  return b->held && from >= b->from && to <= b->from + b->held;
}

/* Behind the last line feed in [from, to) of the buffer; false: there is none.
 */
static bool find_feed(const struct hold_log_back *b, uint64_t to,
                      uint64_t *ret) {
  const char *feed = memrchr(b->buffer, '\n', (size_t)(to - b->from));
  if (feed)
    *ret = b->from + (uint64_t)(feed - b->buffer) + 1;
  return feed;
}

/* Where the line begins in this segment that ends at `end`; 0 also if it began
 * in the one before. */
static int find_start(struct hold_log_back *b, uint64_t end, uint64_t *ret) {
  uint64_t to = end - 1; /* its own line feed, if it has one */
  *ret = 0;
  if (to > b->from && has(b, to - 1, end) && find_feed(b, to, ret))
    return 0;
  if (has(b, 0, end))
    return 0;
  for (uint64_t from = end; to > 0; from = to = b->from) {
    if (b->searched >= HOLD_LOG_SEARCHED_MAX)
      return -E2BIG;
    int status = load(b, from);
    if (status < 0 || find_feed(b, to, ret))
      return status;
  }
  return 0;
}

/* ---- lines ---- */

static bool ends_line(int fd, uint64_t size) {
  char last;
  return !size || pread(fd, &last, 1, (off_t)size - 1) != 1 || last == '\n';
}

/* Does the line that begins at the start of this segment go on from the one
 * before?  1: it does, and that is the present one. */
static int goes_further_back(struct hold_log_back *b) {
  uint64_t before = b->at.segment - 1;
  struct stat st;
  PM_CLEAN_FD int fd = before ? hold_log_segment_open(b->dir, b->number, before,
                                                      HOLD_LOG_SEGMENT_DATA)
                              : -1;
  if (fd < 0 || fstat(fd, &st) < 0 || ends_line(fd, (uint64_t)st.st_size))
    return 0;
  return enter(b, before) == 0;
}

/* Moves to the start of the line that ends here. */
static int move_to_start(struct hold_log_back *b) {
  for (;;) {
    uint64_t end = b->at.offset, start;
    int status = find_start(b, end, &start);
    if (status < 0)
      return status;
    b->at.offset = start;
    uint64_t drop =
        end - start < 2
            ? UINT64_MAX
            : hold_log_index_last_drop(&b->index, start + 1, end - 1);
    if (drop != UINT64_MAX)
      b->at.offset = drop;
    if (b->at.offset)
      return 0;
    status = goes_further_back(b);
    if (status <= 0)
      return status;
  }
}

/* The text of a line that began far back: its first piece. */
static int read_first_piece(struct hold_log_back *b,
                            struct hold_log_back_line *line) {
  ssize_t n = pread(b->fd, b->buffer, HOLD_LOG_PIECE, (off_t)line->at.offset);
  if (n < 0)
    return -errno;
  b->held = 0;
  b->searched += (uint64_t)n;
  const char *feed = memchr(b->buffer, '\n', (size_t)n);
  line->text = b->buffer;
  line->length = feed ? (size_t)(feed - b->buffer) : (size_t)n;
  line->more = !feed;
  return 0;
}

static int set_text(struct hold_log_back *b, const struct hold_log_place *end,
                    struct hold_log_back_line *line) {
  bool here = b->fd >= 0 && end->segment == line->at.segment &&
              has(b, line->at.offset, end->offset);
  if (!here)
    return read_first_piece(b, line);
  line->more = false;
  line->text = b->buffer + (line->at.offset - b->from);
  line->length = (size_t)(end->offset - line->at.offset);
  if (line->length && line->text[line->length - 1] == '\n')
    line->length--;
  return 0;
}

static int take_line(struct hold_log_back *b, struct hold_log_back_line *ret) {
  struct hold_log_place end = b->at;
  ret->stamp = hold_log_index_stamp(&b->index, end.offset - 1, b->changed_ns);
  int status = move_to_start(b);
  if (status < 0)
    return status;
  ret->at = b->at;
  return set_text(b, &end, ret);
}

int hold_log_back_next(struct hold_log_back *b,
                       struct hold_log_back_line *ret) {
  int status = b->fd >= 0;
  while (status == 1 && !b->at.offset)
    status = enter_before(b, b->at.segment);
  if (status <= 0)
    return status;
  status = take_line(b, ret);
  if (status == -E2BIG)
    b->gaps |= HOLD_LOG_SEARCHED;
  return status == -E2BIG ? 0 : status < 0 ? status : 1;
}

void hold_log_back_skip(struct hold_log_back *b, uint64_t real_ns,
                        struct hold_log_place *ret_place) {
  while (b->fd >= 0 && hold_log_index_is_from(&b->index, real_ns)) {
    *ret_place = b->at = (struct hold_log_place){.segment = b->at.segment};
    if (enter_before(b, b->at.segment) != 1)
      return;
  }
}

/* ---- its end ---- */

int hold_log_back_init(struct hold_log_back *b, int dir, unsigned number,
                       bool ended) {
  *b = (struct hold_log_back){.dir = dir,
                              .number = number,
                              .fd = -1,
                              .is_first = true,
                              .buffer = malloc(HOLD_LOG_PIECE)};
  hold_log_index_open(&b->index, -1);
  if (!b->buffer)
    return -ENOMEM;
  int status = enter_before(b, UINT64_MAX);
  if (status < 0)
    return status;
  if (status == 0 || ended || ends_line(b->fd, b->at.offset))
    return 0;
  status = move_to_start(b);
  return status == -E2BIG ? 0 : status;
}

void hold_log_back_done(struct hold_log_back *b) {
  leave(b);
  free(b->buffer);
}
