/* The log of a job: its streams forwards and backwards, their order, and
 * cursors. */
#include "hold/log_last.h"
#include "hold/log_merge.h"
#include "hold/log_segment.h"
#include "hold/log_stream.h"

#include "unit/hold/job_log.h"
#include "unit/keep/place.h"
#include "unit/support/check.h"

#include "base/job_message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int dir;
static struct hold_log_stream s[PM_JOB_STREAMS];
static struct hold_log_match match;
static struct hold_log_filter filter;
static struct hold_log_merge merge;
static char got[1 << 16];
static size_t length;

static void begin(void) {
  dir = place_new();
  match = (struct hold_log_match){"", 0};
  filter = (struct hold_log_filter){.match = &match};
}

static void open_streams(bool ended) {
  merge = (struct hold_log_merge){.filter = &filter};
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    assert_int_equal(hold_log_stream_init(&s[i], dir, i), 0);
    s[i].ended = ended;
    merge.stream[i] = &s[i];
  }
}

static void close_streams(void) {
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++)
    hold_log_stream_done(&s[i]);
}

static void end(void) {
  place_done();
  check_end();
}

/* A piece: "-" if something was dropped before it, its text, "|" or "+" if it
 * has more. */
static void note(const struct hold_log_piece *p) {
  size_t n = p->length < 40 ? p->length : 40;
  if (length + n + 4 >= sizeof got)
    return;
  if (p->dropped)
    got[length++] = '-';
  memcpy(got + length, p->text, n);
  length += n;
  got[length++] = p->more ? '+' : '|';
  got[length] = '\0';
}

/* One stream, up to its present end. */
static const char *read_one(unsigned number) {
  struct hold_log_piece p;
  int status;
  length = 0;
  got[0] = '\0';
  while ((status = hold_log_stream_peek(&s[number], &p)) == 1) {
    note(&p);
    hold_log_stream_take(&s[number], &p, true);
  }
  check_int("read", "status", status, 0);
  return got;
}

/* At most so many lines of both. */
static const char *read_both(uint64_t most) {
  unsigned number;
  length = 0;
  got[0] = '\0';
  hold_log_merge_refresh(&merge);
  while (most && hold_log_merge_next(&merge, &number) == 1) {
    const struct hold_log_piece *p = &merge.head[number].piece;
    bool wanted = !hold_log_is_too_old(&filter, &p->stamp) &&
                  hold_log_matches(&filter, p->text, p->length);
    if (wanted)
      note(p);
    most -= wanted && !p->more;
    hold_log_merge_take(&merge, number, wanted);
  }
  return got;
}

/* ---- one stream ---- */

static void rotates(void **state) {
  (void)state;
  begin();
  open_streams(false);
  check_text("none", "lines", read_one(0), "");
  job_log_put(dir, 0, 1, "a\nb", 1, 0);
  check_text("one", "lines", read_one(0), "a|");
  check_u64("one", "offset", s[0].at.offset, 2);
  job_log_put(dir, 0, 1, "b\n", 2, 0);
  job_log_put(dir, 0, 2, "c\n", 3, 0);
  job_log_put(dir, 0, 3, "", 3, 0);
  check_text("three", "lines", read_one(0), "bb|c|");
  check_u64("three", "segment", s[0].at.segment, 3);
  job_log_put(dir, 0, 3, "d\ne", 4, 0);
  job_log_put(dir, 1, 1, "stderr\n", 4, 0);
  check_text("the third", "lines", read_one(0), "d|");
  s[0].ended = true;
  check_text("ended", "lines", read_one(0), "e|");
  check_text("nothing", "lines", read_one(0), "");
  check_u64("no", "gaps", s[0].gaps, 0);
  close_streams();
  end();
}

/* What was stored in a segment before the next was made is not passed over,
 * even if it was not there when the end was met. */
static void is_removed(void **state) {
  (void)state;
  begin();
  open_streams(false);
  job_log_put(dir, 0, 1, "a\n", 1, 0);
  check_text("first", "lines", read_one(0), "a|");
  job_log_put(dir, 0, 1, "b\n", 2, 0);
  job_log_put(dir, 0, 2, "c\n", 2, 0);
  job_log_put(dir, 0, 3, "d\n", 2, 0);
  job_log_remove(dir, 0, 1);
  check_text("open", "lines", read_one(0), "b|c|d|");
  check_u64("open", "gaps", s[0].gaps, 0);
  job_log_put(dir, 0, 4, "e\n", 2, 0);
  job_log_put(dir, 0, 5, "f\n", 2, 0);
  job_log_remove(dir, 0, 4);
  check_text("one is gone", "lines", read_one(0), "f|");
  check_u64("one is gone", "gaps", s[0].gaps, HOLD_LOG_RETAINED);
  close_streams();
  end();
}

/* ---- what comes just when the end is met ---- */

static bool comes_late;

int __real_hold_log_segment_open(int, unsigned, uint64_t,
                                 enum hold_log_segment_file);
int __wrap_hold_log_segment_open(int folder, unsigned number, uint64_t segment,
                                 enum hold_log_segment_file which);
int __wrap_hold_log_segment_open(int folder, unsigned number, uint64_t segment,
                                 enum hold_log_segment_file which) {
  if (comes_late && segment == 2) {
    comes_late = false;
    job_log_put(folder, number, 1, "b\n", 2, 0);
    job_log_put(folder, number, 2, "c\n", 2, 0);
  }
  return __real_hold_log_segment_open(folder, number, segment, which);
}

/* The second segment is made behind the place up to which the folder was read,
 * the third before it. */
static bool is_overtaken;

int __real_hold_log_segment_look(int, unsigned, uint64_t,
                                 struct hold_log_segments *);
int __wrap_hold_log_segment_look(int folder, unsigned number, uint64_t segment,
                                 struct hold_log_segments *ret);
int __wrap_hold_log_segment_look(int folder, unsigned number, uint64_t segment,
                                 struct hold_log_segments *ret) {
  bool now = is_overtaken;
  is_overtaken = false;
  if (now) {
    job_log_put(folder, number, 2, "b\n", 2, 0);
    job_log_put(folder, number, 3, "c\n", 2, 0);
  }
  int status = __real_hold_log_segment_look(folder, number, segment, ret);
  if (now)
    ret->after = 3;
  return status;
}

static void overtakes(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "a\n", 1, 0);
  is_overtaken = true;
  open_streams(false);
  check_text("overtaken", "lines", read_one(0), "a|b|c|");
  check_u64("overtaken", "gaps", s[0].gaps, 0);
  check_true("overtaken", "it was", !is_overtaken);
  close_streams();
  end();
}

static void is_late(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "a\n", 1, 0);
  comes_late = true;
  open_streams(false);
  check_text("late", "lines", read_one(0), "a|b|c|");
  check_true("late", "it came", !comes_late);
  close_streams();
  end();
}

/* Data first, then index: it is waited for. */
static bool is_not_covered;

int __wrap_nanosleep(const struct timespec *t, struct timespec *left);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left) {
  (void)t, (void)left;
  if (is_not_covered)
    job_log_cover(dir, 0, 1, 5, 0);
  is_not_covered = false;
  return 0;
}

static void is_covered_late(void **state) {
  (void)state;
  struct hold_log_piece p = {0};
  begin();
  is_not_covered = true;
  job_log_bytes(dir, 0, 1, "a\n", 2);
  open_streams(false);
  check_int("late", "status", hold_log_stream_peek(&s[0], &p), 1);
  check_u64("late", "time", p.stamp.real_ns, 5 * MS);
  check_true("late", "is known", !p.stamp.is_latest);
  hold_log_stream_take(&s[0], &p, true);
  job_log_bytes(dir, 0, 1, "b\n", 2); /* no holder lives */
  check_int("never", "status", hold_log_stream_peek(&s[0], &p), 1);
  check_true("never", "is the latest", p.stamp.is_latest);
  close_streams();
  end();
}

/* A line that is cut at the end of a segment, and one in whose midst something
 * was dropped. */
static void is_cut(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "a\nbeg", 1, PM_JOB_INDEX_PARTIAL);
  job_log_put(dir, 0, 2, "in\nc\n", 2, PM_JOB_INDEX_PARTIAL);
  job_log_put(dir, 0, 2, "d", 3, 0);
  job_log_put(dir, 0, 2, "rest\n", 4, PM_JOB_INDEX_DROPPED);
  job_log_put(dir, 0, 2, "f\n", 5, PM_JOB_INDEX_DROPPED);
  open_streams(false);
  check_text("cut", "lines", read_one(0), "a|beg+in|c|d|-rest|-f|");
  check_u64("cut", "gaps", s[0].gaps, HOLD_LOG_DROPPED);
  close_streams();
  end();
}

static void huge(void **state) {
  (void)state;
  enum { SIZE = 5 * HOLD_LOG_PIECE / 2 };
  char *text = malloc(SIZE);
  memset(text, 'x', SIZE);
  text[SIZE - 1] = '\n';
  begin();
  job_log_put(dir, 0, 1, "a\n", 1, 0);
  job_log_bytes(dir, 0, 1, text, SIZE);
  job_log_bytes(dir, 0, 2, text, SIZE);
  job_log_put(dir, 0, 2, "b\n", 1, 0);
  open_streams(false);
  size_t pieces = 0, lines = 0;
  for (const char *c = read_one(0); *c; c++) {
    pieces += *c == '+';
    lines += *c == '|';
  }
  check_u64("2.5 MiB", "pieces that go on", pieces, 4);
  check_u64("2.5 MiB", "lines", lines, 4);
  close_streams();
  free(text);
  end();
}

/* The rest of a line comes behind its beginning, and not when it was printed.
 */
static void stays_together(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "beg", 1, PM_JOB_INDEX_PARTIAL);
  job_log_put(dir, 0, 2, "in\n", 9, PM_JOB_INDEX_PARTIAL);
  job_log_put(dir, 1, 1, "e\n", 5, 0);
  open_streams(false);
  check_text("both", "lines", read_both(UINT64_MAX), "beg+in|e|");
  close_streams();
  end();
}

/* What the user has put there. */
static void hostile(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "a\n", 1, 0);
  assert_int_equal(mkfifoat(dir, "out.000002", 0600), 0);
  assert_int_equal(symlinkat("out.000001", dir, "out.000003"), 0);
  assert_int_equal(mkdirat(dir, "out.000004", 0700), 0);
  assert_int_equal(symlinkat("out.000004", dir, "out.000005.index"), 0);
  job_log_bytes(dir, 0, 5, "b\nc\n", 4);
  place_file("out.7", "x", 1, 0);
  place_file("out.0000007", "d\n", 2, 0); /* not as it is written */
  place_file("out.000000", "x", 1, 0);
  open_streams(false);
  check_text("junk", "lines", read_one(0), "a|b|c|");
  check_u64("junk", "gaps", s[0].gaps, HOLD_LOG_UNREADABLE);
  close_streams();
  unlinkat(dir, "out.000004", AT_REMOVEDIR);
  end();
}

/* ---- where to begin ---- */

static void seeks(void **state) {
  (void)state;
  static const struct {
    struct hold_log_place at;
    int status;
    const char *want;
    unsigned gaps;
  } rows[] = {
      {{0, 0, 0}, 0, "c|d|e|f|", HOLD_LOG_RETAINED},
      {{3, 2, 0}, 0, "d|e|f|", 0},
      {{3, 4, 0}, 0, "e|f|", 0},
      {{4, 2, 0}, 0, "f|", 0},
      {{4, 4, 0}, 0, "", 0},
      {{3, 99, 0}, 0, "e|f|", HOLD_LOG_CUT},
      {{2, 7, HOLD_LOG_TAKEN}, 0, "c|d|e|f|", HOLD_LOG_RETAINED},
      {{5, 0, 0}, -EINVAL, "", 0},
      {{999, 0, 0}, -EINVAL, "", 0},
  };
  begin();
  job_log_put(dir, 0, 3, "c\nd\n", 1, 0);
  job_log_put(dir, 0, 4, "e\nf\n", 1, 0);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[32];
    snprintf(row, sizeof row, "%d.%d", (int)rows[i].at.segment,
             (int)rows[i].at.offset);
    open_streams(false);
    check_int(row, "status", hold_log_stream_seek(&s[0], &rows[i].at),
              rows[i].status);
    if (rows[i].status == 0)
      check_text(row, "lines", read_one(0), rows[i].want);
    check_u64(row, "gaps", s[0].gaps, rows[i].gaps);
    close_streams();
  }
  end();
}

static void seeks_time(void **state) {
  (void)state;
  static const struct {
    uint64_t ms, segment;
    unsigned gaps;
  } rows[] = {
      {1, 3, HOLD_LOG_RETAINED},
      {2, 3, HOLD_LOG_RETAINED},
      {3, 3, 0},
      {5, 3, 0},
      {6, 4, 0},
      {9, 5, 0},
      {99, 5, 0},
  };
  begin();
  job_log_put(dir, 0, 3, "a\n", 2, 0);
  job_log_put(dir, 0, 3, "a\n", 5, 0);
  job_log_put(dir, 0, 4, "a\n", 7, 0);
  job_log_put(dir, 0, 5, "a\n", 9, 0);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[32];
    snprintf(row, sizeof row, "since %d", (int)rows[i].ms);
    open_streams(false);
    check_int(row, "status", hold_log_stream_seek_time(&s[0], rows[i].ms * MS),
              0);
    check_u64(row, "segment", s[0].at.segment, rows[i].segment);
    check_u64(row, "gaps", s[0].gaps, rows[i].gaps);
    close_streams();
  }
  end();
}

/* ---- the last lines ---- */

static const char *read_last(uint64_t lines, bool ended, unsigned *gaps) {
  const struct hold_log_last last = {.dir = dir,
                                     .streams = 3,
                                     .ended = ended,
                                     .lines = lines,
                                     .filter = &filter};
  struct hold_log_place at[PM_JOB_STREAMS];
  *gaps = 0;
  check_int("last", "status", hold_log_last_find(&last, at, gaps), 0);
  open_streams(ended);
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    check_int("last", "seek", hold_log_stream_seek(&s[i], &at[i]), 0);
    *gaps |= s[i].gaps;
  }
  read_both(UINT64_MAX);
  close_streams();
  return got;
}

static void last_lines(void **state) {
  (void)state;
  static const struct {
    uint64_t lines;
    bool ended;
    uint64_t since, until;
    const char *grep, *want;
    unsigned gaps;
  } rows[] = {
      {1, false, 0, 0, "", "e3|", 0},
      {1, true, 0, 0, "", "end|", 0},
      {2, false, 0, 0, "", "o5|e3|", 0},
      {3, true, 0, 0, "", "o5|e3|end|", 0},
      {6, false, 0, 0, "", "o3|o4|e1|e2|o5|e3|", 0},
      {7, false, 0, 0, "", "o2+x|o3|o4|e1|e2|o5|e3|", 0},
      {8, false, 0, 0, "", "o1|o2+x|o3|o4|e1|e2|o5|e3|", 0},
      {9, false, 0, 0, "", "o1|o2+x|o3|o4|e1|e2|o5|e3|", HOLD_LOG_RETAINED},
      {2, false, 0, 0, "o", "o4|o5|", 0},
      {2, false, 0, 0, "e", "e2|e3|", HOLD_LOG_UNSEARCHED},
      {1, false, 0, 0, "1", "e1|", HOLD_LOG_UNSEARCHED},
      {9, false, 0, 0, "none", "", HOLD_LOG_RETAINED | HOLD_LOG_UNSEARCHED},
      {9, false, 5, 0, "", "o5|e3|", 0},
      {9, false, 99, 0, "", "", 0},
      {2, false, 0, 5, "", "e1|e2|", 0},
      {2, false, 0, 3, "", "o2+x|o3|", 0},
      {2, false, 0, 1, "", "", HOLD_LOG_RETAINED},
      {9, true, 3, 5, "", "o4|e1|e2|", HOLD_LOG_RETAINED}, /* of stderr */
  };
  begin();
  job_log_put(dir, 0, 4, "o1\no2", 1, 0);
  job_log_put(dir, 0, 5, "x\no3\n", 2, 0);
  job_log_put(dir, 0, 5, "o4\n", 3, 0);
  job_log_put(dir, 1, 2, "e1\n", 3, 0);
  job_log_put(dir, 1, 2, "e2\n", 4, 0);
  job_log_put(dir, 0, 6, "o5\n", 6, 0);
  job_log_put(dir, 1, 3, "e3\n", 6, 0);
  job_log_put(dir, 0, 7, "end", 7, 0);
  job_log_put(dir, 1, 4, "", 7, 0);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[64];
    unsigned gaps;
    match = (struct hold_log_match){rows[i].grep, strlen(rows[i].grep)};
    filter.since_ns = rows[i].since * MS;
    filter.until_ns = rows[i].until * MS;
    snprintf(row, sizeof row, "%d '%s' %d-%d%s", (int)rows[i].lines,
             rows[i].grep, (int)rows[i].since, (int)rows[i].until,
             rows[i].ended ? " ended" : "");
    check_text(row, "lines", read_last(rows[i].lines, rows[i].ended, &gaps),
               rows[i].want);
    check_u64(row, "gaps", gaps, rows[i].gaps);
  }
  end();
}

/* A stream of which no line is wanted goes on with the first that came too
 * late, however many segments that was ago. */
static void is_over(void **state) {
  (void)state;
  struct hold_log_place at[PM_JOB_STREAMS];
  unsigned gaps = 0;
  begin();
  filter.until_ns = 5 * MS;
  job_log_put(dir, 1, 1, "e1\n", 1, 0);
  job_log_put(dir, 0, 1, "o1\n", 2, 0);
  for (uint64_t n = 2; n < 5; n++)
    job_log_put(dir, 1, n, "e2\ne3\n", 5 + n, 0);
  const struct hold_log_last last = {
      .dir = dir, .streams = 3, .lines = 1, .filter = &filter};
  check_int("over", "status", hold_log_last_find(&last, at, &gaps), 0);
  check_u64("stdout", "segment", at[0].segment, 1);
  check_u64("stdout", "offset", at[0].offset, 0);
  check_u64("stderr", "segment", at[1].segment, 2);
  check_u64("stderr", "offset", at[1].offset, 0);
  check_u64("over", "gaps", gaps, 0);
  end();
}

/* ---- all of it, at random ---- */

/* A log of two streams with many segments; times of one stream never go back.
 */
static void make_log(void) {
  uint64_t ms = 1, segment[PM_JOB_STREAMS] = {1, 1};
  for (int n = rand() % 200; n > 0; n--) {
    unsigned number = (unsigned)rand() % PM_JOB_STREAMS;
    char text[128];
    int size = 0;
    for (int lines = rand() % 4; lines > 0; lines--)
      size += snprintf(text + size, sizeof text - (size_t)size, "%c%d%.*s\n",
                       number ? 'e' : 'o', n * 10 + lines, rand() % 9,
                       "aaaaaaaaaa");
    if (size)
      job_log_put(dir, number, segment[number], text, ms,
                  rand() % 20 ? 0 : PM_JOB_INDEX_RECOVERED);
    if (rand() % 8 == 0)
      job_log_put(dir, number, ++segment[number], "", ms, 0);
    ms += (uint64_t)rand() % 3;
  }
}

/* All wanted lines, and where each begins. */
static char *read_all(size_t *ret_lines) {
  open_streams(false);
  char *all = strdup(read_both(UINT64_MAX));
  close_streams();
  *ret_lines = 0;
  for (const char *c = all; *c; c++)
    *ret_lines += *c == '|';
  return all;
}

static const char *skip_lines(const char *text, size_t lines) {
  for (; lines; lines--)
    text = strchr(text, '|') + 1;
  return text;
}

/* Pages of some lines, each from the cursor of the one before. */
static void check_pages(const char *all) {
  struct hold_log_place at[PM_JOB_STREAMS] = {{0}};
  char cursor[HOLD_LOG_CURSOR];
  for (int i = 0; i < 2000; i++) {
    open_streams(false);
    for (unsigned n = 0; n < PM_JOB_STREAMS; n++)
      check_int("page", "seek", hold_log_stream_seek(&s[n], &at[n]), 0);
    read_both(1 + (uint64_t)rand() % 7);
    for (unsigned n = 0; n < PM_JOB_STREAMS; n++)
      at[n] = s[n].at;
    close_streams();
    hold_log_place_write(cursor, "job", at);
    memset(at, 0xff, sizeof at);
    check_int(cursor, "is read", hold_log_place_read(cursor, "job", at), 0);
    if (!*got)
      break;
    if (!check_true("page", "is what follows",
                    strncmp(all, got, strlen(got)) == 0))
      return;
    all += strlen(got);
  }
  check_text("pages", "all", all, "");
}

static void at_random(void **state) {
  (void)state;
  srand(20261126);
  for (int i = 0; i < 60; i++) {
    static const char *const greps[] = {"", "", "1", "e", "7a"};
    const char *grep = greps[rand() % (int)CHECK_COUNT(greps)];
    size_t lines;
    unsigned gaps;
    begin();
    make_log();
    match = (struct hold_log_match){grep, strlen(grep)};
    filter.since_ns = rand() % 3 ? 0 : (uint64_t)(rand() % 100) * MS;
    filter.until_ns = rand() % 3 ? 0 : (uint64_t)(1 + rand() % 200) * MS;
    char *all = read_all(&lines);
    for (size_t n = 1; n <= lines; n += 1 + (size_t)rand() % 5)
      check_text("last", "lines", read_last(n, false, &gaps),
                 skip_lines(all, lines - n));
    check_pages(all);
    free(all);
    place_done();
  }
  check_end();
}

/* Whatever an index says, all bytes of its segment are given, once. */
static void forge_index(uint64_t size) {
  struct pm_job_index_record r[64];
  for (size_t i = 0; i < CHECK_COUNT(r); i++) {
    bool sane = rand() % 4;
    r[i] = (struct pm_job_index_record){
        .offset = sane ? (uint64_t)rand() % (size + 1) : UINT64_MAX / 2,
        .length = sane ? (uint32_t)rand() % 20 : UINT32_MAX,
        .real_ns = (uint64_t)rand() % 100 * MS,
        .flags = (uint32_t)rand() % 8};
    pm_job_seal(&r[i], PM_JOB_INDEX, sizeof r[i]);
  }
  if (rand() % 4 == 0)
    memset(&r[rand() % 64], rand(), 8);
  if (rand() % 2)
    for (size_t i = 0; i < CHECK_COUNT(r); i++) { /* in order, at least */
      r[i].offset = i * size / CHECK_COUNT(r);
      pm_job_seal(&r[i], PM_JOB_INDEX, sizeof r[i]);
    }
  job_log_index(dir, 0, 1, r, sizeof r - (size_t)(rand() % 50));
}

static void any_index(void **state) {
  (void)state;
  srand(7);
  for (int i = 0; i < 300; i++) {
    char text[512], again[1024] = "";
    size_t size = (size_t)rand() % sizeof text;
    unsigned gaps;
    begin();
    for (size_t n = 0; n < size; n++)
      text[n] = rand() % 9 ? 'x' : '\n';
    job_log_bytes(dir, 0, 1, text, size);
    forge_index(size);
    open_streams(true);
    struct hold_log_piece p;
    size_t at = 0;
    while (hold_log_stream_peek(&s[0], &p) == 1 && at + p.size <= size) {
      memcpy(again + at, p.text, p.size);
      at += p.size;
      hold_log_stream_take(&s[0], &p, true);
    }
    close_streams();
    check_u64("any index", "bytes", at, size);
    check_bytes("any index", "text", again, text, size);
    filter.since_ns = rand() % 2 ? 0 : (uint64_t)rand() % 100 * MS;
    filter.until_ns = rand() % 2 ? 0 : (uint64_t)rand() % 100 * MS;
    read_last(1 + (uint64_t)rand() % 20, true, &gaps);
    place_done();
  }
  check_end();
}

/* ---- cursors ---- */

static void cursors(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "s",
      "-1.0-1.0",
      "-1.0",
      "-1.0-",
      "-1.0-1",
      "-1.0-1.0-",
      "-1.0-1.0-1.0",
      "-1.0-1.",
      "-1.-1.0",
      "-1.0-1.0x",
      "-1.0-1.0tt",
      "-01.0-1.0",
      "-1.0-1.8000000000000000",
      "-1.0-1.10000000000000000",
      "-1.0-de0b6b3a7640000.0",
      "-0.1-0.0",
      " -1.0-1.0",
      "-1.0-1.0 ",
      "-1.0-0x1.0",
  };
  struct hold_log_place at[PM_JOB_STREAMS] = {{0x1f, INT64_MAX, HOLD_LOG_TAKEN},
                                              {3, 0xab, HOLD_LOG_SKIPPED}};
  struct hold_log_place back[PM_JOB_STREAMS] = {{0}};
  char text[HOLD_LOG_CURSOR], begins[16];
  hold_log_place_write(text, "job", at);
  check_text("two", "is", text + 9, "-1f.7ffffffffffffffft-3.abs");
  check_int("two", "status", hold_log_place_read(text, "job", back), 0);
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    check_true("two", "is the same",
               back[i].segment == at[i].segment &&
                   back[i].offset == at[i].offset &&
                   back[i].next == at[i].next);
  check_int("another's", "status", hold_log_place_read(text, "job-2", back),
            -EINVAL);
  check_int("a file's", "status", hold_log_place_read("f1.2.3", "job", back),
            -EINVAL);
  snprintf(begins, sizeof begins, "%.9s", text);
  for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
    char whole[80];
    snprintf(whole, sizeof whole, "%s%s", i == 2 ? "x" : begins, bad[i]);
    check_int(whole, "status", hold_log_place_read(whole, "job", back),
              -EINVAL);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rotates),         cmocka_unit_test(is_removed),
      cmocka_unit_test(is_late),         cmocka_unit_test(overtakes),
      cmocka_unit_test(is_covered_late), cmocka_unit_test(stays_together),
      cmocka_unit_test(is_cut),          cmocka_unit_test(huge),
      cmocka_unit_test(hostile),         cmocka_unit_test(seeks),
      cmocka_unit_test(seeks_time),      cmocka_unit_test(last_lines),
      cmocka_unit_test(is_over),         cmocka_unit_test(at_random),
      cmocka_unit_test(any_index),       cmocka_unit_test(cursors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
