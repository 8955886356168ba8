/* Lines of a file: the last ones, those that match, as it grows and is cut. */
#include "hold/log_cursor.h"
#include "hold/log_file.h"

#include "unit/support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct hold_log_file file;
static char *got;
static size_t got_length, got_room = 4096;
static int stop_after; /* lines; 0: never */

static void begin(const char *text, size_t length) {
  int fd = memfd_create("log", MFD_CLOEXEC);
  assert_int_equal(write(fd, text, length), (ssize_t)length);
  assert_int_equal(hold_log_file_init(&file, fd), 0);
}

static void append(const char *text) {
  assert_true(lseek(file.fd, 0, SEEK_END) >= 0);
  assert_int_equal(write(file.fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Each line with "|" behind it, or "+" if it goes on. */
static int note(void *arg, const char *line, size_t length, bool more) {
  (void)arg;
  while (got_room < got_length + length + 2)
    got = realloc(got, got_room *= 2);
  memcpy(got + got_length, line, length);
  got_length += length;
  got[got_length++] = more ? '+' : '|';
  got[got_length] = '\0';
  return stop_after && --stop_after == 0;
}

static const char *read_lines(bool ended, const char *grep) {
  struct hold_log_match m = {grep, strlen(grep)};
  got_length = 0;
  if (!got)
    got = malloc(got_room);
  got[0] = '\0';
  hold_log_file_read(&file, ended, true, &m, note, NULL);
  return got;
}

static void last_lines(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t lines;
    const char *grep;
    bool ended;
    const char *want;
  } rows[] = {
      {"a\nb\nc\n", 2, "", false, "b|c|"},
      {"a\nb\nc\n", 3, "", false, "a|b|c|"},
      {"a\nb\nc\n", 9, "", false, "a|b|c|"},
      {"a\nb\nc", 2, "", false, "a|b|"},
      {"a\nb\nc", 2, "", true, "b|c|"},
      {"c", 2, "", false, ""},
      {"c", 2, "", true, "c|"},
      {"", 2, "", true, ""},
      {"\n\n", 1, "", false, "|"},
      {"ax\nb\ncx\nd\n", 1, "x", false, "cx|"},
      {"ax\nb\ncx\nd\n", 2, "x", false, "ax|cx|"},
      {"ax\nb\ncx\nd\n", 2, "y", false, ""},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_log_match m = {rows[i].grep, strlen(rows[i].grep)};
    begin(rows[i].text, strlen(rows[i].text));
    check_int(rows[i].text, "status",
              hold_log_file_seek_last(&file, rows[i].lines, &m, rows[i].ended),
              0);
    check_text(rows[i].text, "lines", read_lines(rows[i].ended, rows[i].grep),
               rows[i].want);
    hold_log_file_done(&file);
  }
  check_end();
}

/* Blocks are searched from the end: lines lie across their limits. */
static void far_back(void **state) {
  (void)state;
  enum { LINES = 300000 };
  static char text[LINES * 16];
  static const uint64_t wanted[] = {1, 2, 1000, 70000, 150001, 299999, 300000};
  struct hold_log_match all = {"", 0};
  size_t n = 0;
  for (int i = 0; i < LINES; i++)
    n += (size_t)sprintf(text + n, "%0*d\n", 1 + i % 13, i);
  for (size_t i = 0; i < CHECK_COUNT(wanted); i++) {
    char first[32];
    begin(text, n);
    hold_log_file_seek_last(&file, wanted[i], &all, false);
    const char *lines = read_lines(false, "");
    size_t count = 0;
    for (const char *c = lines; *c; c++)
      count += *c == '|';
    check_u64("far back", "lines", count, wanted[i]);
    snprintf(first, sizeof first, "%0*d|", 1 + (int)(LINES - wanted[i]) % 13,
             (int)(LINES - wanted[i]));
    check_true(first, "is the first",
               strncmp(lines, first, strlen(first)) == 0);
    hold_log_file_done(&file);
  }
  check_end();
}

static void grows(void **state) {
  (void)state;
  begin("a\nb", 3);
  check_text("at first", "lines", read_lines(false, ""), "a|");
  check_u64("at first", "offset", file.offset, 2);
  check_text("nothing new", "lines", read_lines(false, ""), "");
  append("b\nc\nd");
  check_text("more", "lines", read_lines(false, ""), "bb|c|");
  stop_after = 1;
  append("\ne\nf");
  check_text("one", "lines", read_lines(false, ""), "d|");
  check_text("the rest", "lines", read_lines(true, ""), "e|f|");
  check_u64("the end", "offset", file.offset, 12);
  hold_log_file_done(&file);
  check_end();
}

static void is_cut(void **state) {
  (void)state;
  begin("aaaa\nbbbb\n", 10);
  read_lines(false, "");
  check_true("whole", "not cut", !file.was_cut);
  assert_int_equal(ftruncate(file.fd, 0), 0);
  append("c\n");
  check_text("cut", "lines", read_lines(false, ""), "c|");
  check_true("cut", "is said", file.was_cut);
  hold_log_file_done(&file);
  check_end();
}

static void huge(void **state) {
  (void)state;
  enum { SIZE = 3 * HOLD_LOG_LINE_MAX + 5 };
  char *text = malloc(SIZE + 4);
  memset(text, 'x', SIZE);
  memcpy(text + SIZE, "\ny\n", 4);
  begin(text, SIZE + 3);
  const char *lines = read_lines(false, "");
  size_t pieces = 0;
  for (const char *c = lines; *c; c++)
    pieces += *c == '+';
  check_u64("3 MiB", "pieces that go on", pieces, 3);
  check_u64("3 MiB", "bytes", got_length, SIZE + 3 + 1 + 2);
  check_text("3 MiB", "the end", lines + got_length - 8, "xxxxx|y|");
  hold_log_file_done(&file);
  free(text);
  check_end();
}

/* A line of any length is one, whichever way it is looked for. */
static void long_lines(void **state) {
  (void)state;
  enum { LONG = HOLD_LOG_LINE_MAX * 5 / 2 };
  static const struct {
    uint64_t lines;
    const char *grep;
    char first;
    size_t length; /* of what is given, with its marks */
  } rows[] = {
      {5, "", 'a', 2 + LONG + 3 + 2 + 2},
      {4, "", 'a', 2 + LONG + 3 + 2 + 2},
      {3, "", 'X', LONG + 3 + 2 + 2},
      {2, "", 'b', 2 + 2},
      {1, "", 'c', 2},
      {9, "X", 'X', LONG + 3},
      {1, "X", 'X', LONG + 3},
      {9, "b", 'b', 2},
  };
  char *text = malloc(LONG + 8);
  memcpy(text, "a\nX", 3);
  memset(text + 3, 'y', LONG - 1);
  memcpy(text + 2 + LONG, "\nb\nc\n", 6);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[32];
    struct hold_log_match m = {rows[i].grep, strlen(rows[i].grep)};
    snprintf(row, sizeof row, "%d '%s'", (int)rows[i].lines, rows[i].grep);
    begin(text, LONG + 7);
    hold_log_file_seek_last(&file, rows[i].lines, &m, false);
    const char *lines = read_lines(false, rows[i].grep);
    check_int(row, "begins with", lines[0], rows[i].first);
    check_u64(row, "bytes", got_length, rows[i].length);
    hold_log_file_done(&file);
  }
  free(text);
  check_end();
}

/* ---- cursors ---- */

static void cursors(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int status;
    uint64_t offset; /* of file 1, 2 */
  } rows[] = {
      {"f1.2.3", 1, 3},
      {"f9.9.9-f1.2.ff", 1, 255},
      {"f1.3.3", 0, 0},
      {"f1.2.7fffffffffffffff", 1, INT64_MAX},
      {"f1.2.8000000000000000", -1, 0},
      {"f1.2.10000000000000000", -1, 0},
      {"", -1, 0},
      {"f", -1, 0},
      {"f1.2", -1, 0},
      {"f1.2.", -1, 0},
      {"f1.2.3-", -1, 0},
      {"f1.2.3x", -1, 0},
      {"f1.2.-3", -1, 0},
      {"f1.2. 3", -1, 0},
      {"f1.2.3 ", -1, 0},
      {"f1-2.3", -1, 0},
      {"x1.2.3", -1, 0},
      {"f0x1.2.3", -1, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_log_position p = {.dev = 1, .ino = 2, .offset = 77};
    check_int(rows[i].text, "status", hold_log_cursor_find(rows[i].text, &p),
              rows[i].status);
    if (rows[i].status >= 0)
      check_u64(rows[i].text, "offset", p.offset, rows[i].offset);
  }
  char text[128] = "";
  struct hold_log_position p = {.dev = 0xfe00, .ino = UINT64_MAX, .offset = 16};
  hold_log_cursor_add(text, sizeof text, &p);
  p.dev = 1;
  hold_log_cursor_add(text, sizeof text, &p);
  check_text("two", "is", text,
             "ffe00.ffffffffffffffff.10-f1.ffffffffffffffff.10");
  p.offset = 0;
  check_int("two", "found", hold_log_cursor_find(text, &p), 1);
  check_u64("two", "offset", p.offset, 16);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(last_lines), cmocka_unit_test(far_back),
      cmocka_unit_test(grows),      cmocka_unit_test(is_cut),
      cmocka_unit_test(huge),       cmocka_unit_test(long_lines),
      cmocka_unit_test(cursors),
  };
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  free(got);
  return status;
}
