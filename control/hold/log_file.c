#include "hold/log_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  CHUNK = 64 << 10,
  BUFFER = HOLD_LOG_LINE_MAX + CHUNK,
  BLOCK = HOLD_LOG_LINE_MAX, /* that is searched at once, backwards */
};

int hold_log_file_init(struct hold_log_file *f, int fd) {
  *f = (struct hold_log_file){.fd = fd, .buffer = malloc(BUFFER)};
  return f->buffer ? 0 : -ENOMEM;
}

void hold_log_file_done(struct hold_log_file *f) {
  if (f->fd >= 0)
    close(f->fd);
  free(f->buffer);
}

static bool matches(const struct hold_log_match *m, const char *line,
                    size_t length) {
  return m->length == 0 || memmem(line, length, m->text, m->length);
}

static ssize_t read_at(int fd, char *ret, size_t size, uint64_t offset) {
  ssize_t n;
  do
    n = pread(fd, ret, size, (off_t)offset);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

/* ---- backwards ---- */

/* The starts of the last lines that match, of a block. */
struct starts {
  bool open;    /* a line that began before the block which was read last */
  bool ended;   /* the last line counts, even without a line feed */
  uint64_t *at; /* a ring */
  size_t room;
  uint64_t seen;
};

static void note_start(struct starts *s, uint64_t offset) {
  s->at[s->seen++ % s->room] = offset;
}

/* The bytes [from, to) of the file are whole lines, but for the last one. */
static void note_lines(struct starts *s, const char *bytes, size_t length,
                       uint64_t from, const struct hold_log_match *m) {
  for (size_t at = 0; at < length;) {
    const char *end = memchr(bytes + at, '\n', length - at);
    size_t n = end ? (size_t)(end - bytes) - at : length - at;
    if ((end || s->ended || s->open) && matches(m, bytes + at, n))
      note_start(s, from + at);
    at += n + 1;
  }
}

struct block {
  char *bytes;
  size_t length; /* from its first line's start on */
  bool begins;   /* a line does in it */
  uint64_t from;
};

/* Reads what ends at `to`, from the start of a line on: the first in it, or, if
 * none begins there, as if one did. */
static int read_block(int fd, uint64_t to, struct block *b) {
  size_t size = to < BLOCK ? (size_t)to : BLOCK;
  ssize_t n = read_at(fd, b->bytes, size, to - size);
  if (n < 0 || (size_t)n < size)
    return n < 0 ? (int)n : -ESTALE; /* it was cut just now */
  b->from = to - size;
  b->length = size;
  const char *first = b->from ? memchr(b->bytes, '\n', size - 1) : NULL;
  b->begins = first != NULL;
  if (!first)
    return 0;
  size_t skipped = (size_t)(first - b->bytes) + 1;
  b->from += skipped;
  b->length -= skipped;
  memmove(b->bytes, b->bytes + skipped, b->length);
  return 0;
}

/* Where the last line begins that has no line feed yet. */
static uint64_t last_start(const struct block *b) {
  const char *end = memrchr(b->bytes, '\n', b->length);
  return b->from + (end ? (size_t)(end - b->bytes) + 1 : 0);
}

/* It lies within one line that has an end: that is looked for by its beginning.
 */
static bool goes_further_back(const struct block *b, struct starts *s) {
  if (b->from == 0 || b->begins)
    return false;
  s->open |= s->ended || b->bytes[b->length - 1] == '\n';
  return true;
}

/* Looks at blocks until the lines are found.  1: not so far back. */
static int search(struct hold_log_file *f, uint64_t size, uint64_t lines,
                  const struct hold_log_match *m, struct starts *s) {
  struct block b = {.bytes = f->buffer, .from = size};
  f->offset = size;
  while (lines > 0 && b.from > 0) {
    if (size - b.from >= HOLD_LOG_SEARCHED_MAX)
      return 1;
    int status = read_block(f->fd, b.from, &b);
    if (status < 0)
      return status;
    s->seen = 0;
    if (goes_further_back(&b, s))
      continue;
    if (f->offset == size && !s->ended)
      f->offset = last_start(&b);
    note_lines(s, b.bytes, b.length, b.from, m);
    if (s->seen)
      f->offset = s->at[(s->seen < lines ? 0 : s->seen - lines) % s->room];
    s->open = false;
    lines -= s->seen < lines ? s->seen : lines;
  }
  return 0;
}

int hold_log_file_seek_last(struct hold_log_file *f, uint64_t lines,
                            const struct hold_log_match *m, bool ended) {
  struct stat st;
  struct starts s = {.ended = ended,
                     .room = lines < BLOCK ? (size_t)lines : BLOCK};
  if (fstat(f->fd, &st) < 0)
    return -errno;
  s.at = malloc((s.room ? s.room : 1) * sizeof *s.at);
  if (!s.at)
    return -ENOMEM;
  int status = search(f, (uint64_t)st.st_size, lines, m, &s);
  free(s.at);
  return status;
}

/* ---- forwards ---- */

static void forget(struct hold_log_file *f, size_t length) {
  f->offset += length;
  f->held -= length;
  memmove(f->buffer, f->buffer + length, f->held);
}

/* Somebody truncated it: it begins anew. */
static int notice_cut(struct hold_log_file *f) {
  struct stat st;
  if (fstat(f->fd, &st) < 0)
    return -errno;
  if ((uint64_t)st.st_size >= f->offset + f->held)
    return 0;
  f->was_cut = true;
  f->offset = 0;
  f->held = 0;
  f->in_line = false;
  return 0;
}

/* The lines in the buffer.  *ret_used: the bytes of those that were taken. */
static int take_lines(struct hold_log_file *f, bool last,
                      const struct hold_log_match *m, hold_log_take *take,
                      void *arg, size_t *ret_used) {
  size_t at = 0;
  int stop = 0;
  while (stop == 0 && at < f->held) {
    const char *line = f->buffer + at;
    size_t left = f->held - at;
    const char *end = memchr(line, '\n', left);
    bool huge = !end && left >= HOLD_LOG_LINE_MAX;
    size_t n = end ? (size_t)(end - line) : huge ? HOLD_LOG_LINE_MAX : left;
    if (!end && !huge && !last)
      break;
    bool wanted = f->in_line ? f->is_taken : matches(m, line, n);
    if (wanted)
      stop = take(arg, line, n, huge);
    if (stop < 0)
      break;
    at += n + (end ? 1 : 0);
    f->unmatched = wanted ? 0 : f->unmatched + n + 1;
    f->was_huge |= huge;
    f->in_line = huge;
    f->is_taken = wanted;
  }
  *ret_used = at;
  return stop;
}

int hold_log_file_read(struct hold_log_file *f, bool ended, bool bounded,
                       const struct hold_log_match *m, hold_log_take *take,
                       void *arg) {
  int status = notice_cut(f);
  while (status == 0) {
    size_t used;
    size_t room = BUFFER - f->held;
    ssize_t n = read_at(f->fd, f->buffer + f->held, room < CHUNK ? room : CHUNK,
                        f->offset + f->held);
    if (n < 0)
      return (int)n;
    f->held += (size_t)n;
    status = take_lines(f, ended && n == 0, m, take, arg, &used);
    forget(f, used);
    if (n == 0 || (bounded && f->unmatched >= HOLD_LOG_SEARCHED_MAX))
      break;
  }
  return status;
}
