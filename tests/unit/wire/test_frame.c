/* Frames are the same however the stream was cut. */
#include "wire/frame.h"

#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Frames as they come, each in brackets; "!" for -EMSGSIZE. */
struct reading {
  struct pm_frame frame;
  char text[512];
  bool stopped;
};

static void begin(struct reading *r, size_t limit) {
  *r = (struct reading){.stopped = false};
  pm_frame_init(&r->frame, limit);
}

static void drain(struct reading *r) {
  char *bytes;
  size_t length;
  while (pm_frame_next(&r->frame, &bytes, &length)) {
    size_t used = strlen(r->text);
    snprintf(r->text + used, sizeof r->text - used, "[%.*s]", (int)length,
             bytes);
  }
}

static void feed(struct reading *r, const char *bytes, size_t length) {
  while (length > 0 && !r->stopped) {
    char *room;
    size_t size;
    int status = pm_frame_room(&r->frame, &room, &size);
    if (status < 0) {
      r->stopped = true;
      strcat(r->text, status == -EMSGSIZE ? "!" : "?");
      return;
    }
    if (size > length)
      size = length;
    memcpy(room, bytes, size);
    pm_frame_filled(&r->frame, size);
    bytes += size;
    length -= size;
    drain(r);
  }
}

static const struct {
  const char *row;
  size_t limit;
  const char *stream, *want;
  bool partial; /* before the end is told */
  const char *ended;
} rows[] = {
    {"nothing", 10, "", "", false, ""},
    {"one", 10, "abc\n", "[abc]", false, ""},
    {"three", 10, "a\nbc\ndef\n", "[a][bc][def]", false, ""},
    {"not whole", 10, "abc", "", true, "[abc]"},
    {"one and a half", 10, "abc\nde", "[abc]", true, "[de]"},
    {"only line feeds", 10, "\n\n\n", "", false, ""},
    {"empty ones between", 10, "\n\na\n\n\nb\n\n", "[a][b]", false, ""},
    {"blanks", 10, " \t\r\na\n   \n\r\n", "[a]", false, ""},
    {"blanks around stay", 10, " a\t\r\n", "[ a\t\r]", false, ""},
    {"blanks are no last frame", 10, "a\n \t", "[a]", true, ""},
    {"other white space is a frame", 10, "\v\n\f\n", "[\v][\f]", false, ""},
    {"the limit with its line feed", 5, "abcd\nefgh\n", "[abcd][efgh]", false,
     ""},
    {"the limit without", 5, "abcde\n", "!", true, NULL},
    {"beyond the limit", 5, "abcdefgh\n", "!", true, NULL},
    {"after a whole one", 5, "ab\ncdefgh\n", "[ab]!", true, NULL},
    {"the last one may have the limit", 5, "ab\ncdefg", "[ab]", true,
     "[cdefg]"},
    {"blanks count", 5, "         \n", "!", true, NULL},
    {"a limit of one", 1, "\n\n\n", "", false, ""},
    {"a limit of one, exceeded", 1, "a\n", "!", true, NULL},
};

static void check_stream(size_t i, const struct reading *r, const char *how) {
  char row[96];
  snprintf(row, sizeof row, "%s, %s", rows[i].row, how);
  check_text(row, "frames", r->text, rows[i].want);
  check_int(row, "partial", pm_frame_partial(&r->frame), rows[i].partial);
}

static void check_ended(size_t i, struct reading *r) {
  if (rows[i].ended) {
    r->text[0] = 0;
    pm_frame_end(&r->frame);
    drain(r);
    check_text(rows[i].row, "at the end", r->text, rows[i].ended);
    check_true(rows[i].row, "nothing left", !pm_frame_partial(&r->frame));
    check_true(rows[i].row, "within", r->frame.next <= r->frame.buf.length);
  }
  pm_frame_done(&r->frame);
}

static void whole(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct reading r;
    begin(&r, rows[i].limit);
    feed(&r, rows[i].stream, strlen(rows[i].stream));
    check_stream(i, &r, "whole");
    check_ended(i, &r);
  }
  check_end();
}

static void in_two(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    for (size_t at = 0; at <= strlen(rows[i].stream); at++) {
      struct reading r;
      begin(&r, rows[i].limit);
      feed(&r, rows[i].stream, at);
      feed(&r, rows[i].stream + at, strlen(rows[i].stream) - at);
      check_stream(i, &r, "in two");
      check_ended(i, &r);
    }
  check_end();
}

static void byte_by_byte(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct reading r;
    begin(&r, rows[i].limit);
    for (const char *c = rows[i].stream; *c; c++)
      feed(&r, c, 1);
    check_stream(i, &r, "byte by byte");
    check_ended(i, &r);
  }
  check_end();
}

/* The same when several frames wait, and room is asked for between them. */
static void not_drained(void **state) {
  (void)state;
  struct pm_frame f;
  char *bytes, *room, seen[256] = "";
  size_t length, size, most = 0;
  pm_frame_init(&f, 8);
  for (int i = 0; i < 60; i++) {
    assert_int_equal(pm_frame_room(&f, &room, &size), 0);
    room[0] = i % 2 ? '\n' : (char)('a' + i / 2 % 26);
    pm_frame_filled(&f, 1);
    if (i % 3 == 0 && pm_frame_next(&f, &bytes, &length))
      strncat(seen, bytes, length);
    if (f.buf.room > most)
      most = f.buf.room;
    if (i == 11)
      break;
  }
  while (pm_frame_next(&f, &bytes, &length))
    strncat(seen, bytes, length);
  check_text("in order", "frames", seen, "abcdef");
  check_true("bounded", "room", most <= 16);
  pm_frame_done(&f);
  check_end();
}

/* Frames that nobody asks for end at twice the limit, in -EMSGSIZE. */
static void never_drained(void **state) {
  (void)state;
  static const size_t limits[] = {1, 8, 200, 1000, 100000};
  for (size_t i = 0; i < CHECK_COUNT(limits); i++) {
    struct pm_frame f;
    char row[32], *room, *bytes;
    size_t size, length, total = 0;
    int status;
    snprintf(row, sizeof row, "limit %zu", limits[i]);
    pm_frame_init(&f, limits[i]);
    while ((status = pm_frame_room(&f, &room, &size)) == 0 && total < 1000000) {
      assert_true(size > 0);
      room[0] = total % 2 && limits[i] > 1 ? 'a' : '\n';
      pm_frame_filled(&f, 1);
      total++;
    }
    check_int(row, "status", status, -EMSGSIZE);
    check_u64(row, "bytes", total, 2 * limits[i]);
    check_int(row, "frame", pm_frame_next(&f, &bytes, &length), limits[i] > 1);
    check_int(row, "room again", pm_frame_room(&f, &room, &size), 0);
    pm_frame_done(&f);
  }
  check_end();
}

/* Whatever waits, in all no more bytes are moved than have come; and what was
 * handed out does not stay. */
static void moved(void **state) {
  (void)state;
  static const struct {
    const char *row;
    size_t waiting, each, taken;
  } flows[] = {
      {"always half a frame", 1, 3, 2},
      {"many wait", 10000, 4, 2},
      {"many in large pieces", 2000, 1000, 500},
  };
  for (size_t i = 0; i < CHECK_COUNT(flows); i++) {
    struct pm_frame f;
    char *room, *bytes;
    size_t size, length, total = 0, moves = 0, most = 0;
    pm_frame_init(&f, 1 << 20);
    for (int step = 0; step < 20000; step++) {
      size_t next = f.next;
      assert_int_equal(pm_frame_room(&f, &room, &size), 0);
      moves += f.next < next ? f.buf.length : 0;
      most = f.buf.room > most ? f.buf.room : most;
      size = size < flows[i].each ? size : flows[i].each;
      for (size_t at = 0; at < size; at++)
        room[at] = total++ % 2 ? '\n' : 'a';
      pm_frame_filled(&f, size);
      for (size_t n = 0; total / 2 > flows[i].waiting && n < flows[i].taken;
           n++)
        pm_frame_next(&f, &bytes, &length);
    }
    check_true(flows[i].row, "linear", moves <= total);
    check_true(flows[i].row, "memory",
               most <= 8 * (flows[i].waiting + flows[i].each) + 16384);
    pm_frame_done(&f);
  }
  check_end();
}

/* 4 million small frames in large pieces and a large one byte by byte would
 * take minutes if anything looked at bytes again. */
static void linear(void **state) {
  (void)state;
  enum { LIMIT = 4 << 20 };
  struct pm_frame f;
  char *room, *bytes;
  size_t size, length, frames = 0;
  pm_frame_init(&f, LIMIT);
  for (size_t total = 0; total < LIMIT - 1; total++) {
    assert_int_equal(pm_frame_room(&f, &room, &size), 0);
    *room = 'a';
    pm_frame_filled(&f, 1);
    assert_false(pm_frame_next(&f, &bytes, &length));
  }
  assert_int_equal(pm_frame_room(&f, &room, &size), 0);
  check_u64("byte by byte", "room at the limit", size, 1);
  *room = '\n';
  pm_frame_filled(&f, 1);
  check_true("byte by byte", "one", pm_frame_next(&f, &bytes, &length));
  check_u64("byte by byte", "length", length, LIMIT - 1);
  for (int piece = 0; piece < 2000; piece++) {
    assert_int_equal(pm_frame_room(&f, &room, &size), 0);
    for (size_t i = 0; i < size; i++)
      room[i] = i % 2 ? '\n' : 'a';
    pm_frame_filled(&f, size);
    while (pm_frame_next(&f, &bytes, &length))
      frames++;
  }
  check_true("small ones", "many", frames >= 2000 * 2048);
  pm_frame_done(&f);
  check_end();
}

static void one_frame(struct pm_frame *f, size_t size) {
  char *room, *bytes;
  size_t offered, length;
  while (size > 0) {
    assert_int_equal(pm_frame_room(f, &room, &offered), 0);
    if (offered > size)
      offered = size;
    memset(room, 'a', offered);
    if (offered == size)
      room[offered - 1] = '\n';
    pm_frame_filled(f, offered);
    size -= offered;
  }
  assert_true(pm_frame_next(f, &bytes, &length));
}

static void memory(void **state) {
  (void)state;
  struct pm_frame f;
  char *bytes;
  size_t length;
  pm_frame_init(&f, 1 << 20);
  one_frame(&f, 1 << 20);
  check_true("large", "room", f.buf.room >= 1 << 20);
  check_true("large", "no other", !pm_frame_next(&f, &bytes, &length));
  check_true("large, over", "given back", f.buf.room <= 65536);
  for (int i = 0; i < 10; i++)
    one_frame(&f, 100);
  check_true("small", "no more", !pm_frame_next(&f, &bytes, &length));
  size_t before = failing_alloc_count();
  for (int i = 0; i < 1000; i++) {
    one_frame(&f, 100);
    pm_frame_next(&f, &bytes, &length);
  }
  check_u64("small", "allocations", failing_alloc_count() - before, 0);
  pm_frame_done(&f);
  check_true("done", "no memory", !f.buf.data);
  check_true("done", "no frames", !pm_frame_next(&f, &bytes, &length));
  check_end();
}

/* What came stays, and it goes on when there is memory again. */
static void no_memory(void **state) {
  (void)state;
  struct reading r;
  char *room, piece[5000];
  size_t size;
  begin(&r, 1 << 20);
  failing_alloc_fail_at(1);
  check_int("first", "status", pm_frame_room(&r.frame, &room, &size), -ENOMEM);
  failing_alloc_fail_at(0);
  memset(piece, ' ', sizeof piece);
  piece[0] = 'a';
  feed(&r, piece, sizeof piece);
  while (r.frame.buf.length < r.frame.buf.room)
    feed(&r, " ", 1);
  failing_alloc_fail_at(1);
  check_int("growing", "status", pm_frame_room(&r.frame, &room, &size),
            -ENOMEM);
  failing_alloc_fail_at(0);
  char *bytes;
  size_t length;
  check_int("again", "status", pm_frame_room(&r.frame, &room, &size), 0);
  room[0] = '\n';
  pm_frame_filled(&r.frame, 1);
  check_true("again", "frame", pm_frame_next(&r.frame, &bytes, &length));
  check_true("again", "first byte", bytes[0] == 'a');
  pm_frame_done(&r.frame);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole),         cmocka_unit_test(in_two),
      cmocka_unit_test(byte_by_byte),  cmocka_unit_test(not_drained),
      cmocka_unit_test(never_drained), cmocka_unit_test(moved),
      cmocka_unit_test(linear),        cmocka_unit_test(memory),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
