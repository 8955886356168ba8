/* One stream: from a FIFO to segments, with time and room as variables. */
#include "hold/keep/stream.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

enum { LIMIT = 4096 };

static struct keep_log logs;
static struct keep_stream s;
static struct pm_job_stream said;
static struct pm_now now;
static int writer;

static void take_up(void) {
  int ends[2];
  pipe2(ends, O_CLOEXEC);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  writer = ends[1];
  s = (struct keep_stream){
      .from = ends[0], .to = -1, .index = {.fd = -1}, .said = &said};
}

static void set_up(enum pm_job_on_full on_full) {
  logs = (struct keep_log){.dir = place_new(),
                           .null = open("/dev/null", O_WRONLY | O_CLOEXEC),
                           .segment_bytes = LIMIT,
                           .on_full = on_full};
  pipe2(logs.scratch, O_CLOEXEC | O_NONBLOCK);
  said = (struct pm_job_stream){0};
  now = (struct pm_now){.boot = 100 * S, .real = 1000 * S};
  take_up();
}

static void tear_down(void) {
  keep_stream_leave(&s);
  if (s.from >= 0)
    close(s.from);
  close(writer);
  close(logs.null);
  close(logs.scratch[0]);
  close(logs.scratch[1]);
  place_done();
  check_end();
}

static void put(const char *text, size_t times) {
  for (size_t i = 0; i < times; i++)
    check_true("write", "all",
               write(writer, text, strlen(text)) == (ssize_t)strlen(text));
}

static enum keep_pumped pump(void) { return keep_stream_pump(&s, &logs, &now); }

static void pump_all(void) {
  while (pump() == KEEP_MOVED)
    continue;
}

static size_t size_of(const char *name) {
  size_t length;
  place_read(name, &length);
  return place_has(name) ? length : SIZE_MAX;
}

static void stored(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  check_int("nothing", "pumped", pump(), KEEP_EMPTY);
  check_true("nothing", "no segment", !place_has("out.000001"));
  put("one\n", 1);
  check_int("a line", "pumped", pump(), KEEP_MOVED);
  check_text("a line", "segment", place_read("out.000001", NULL), "one\n");
  check_u64("a line", "bytes", said.bytes, 4);
  check_u64("a line", "segments", said.segments, 1);
  put("tw", 1);
  pump_all();
  close(writer);
  check_int("the end", "pumped", pump(), KEEP_END);
  check_int("the end", "closed", s.from, -1);
  check_true("the end", "listens", !keep_stream_listens(&s, &logs));
  keep_stream_leave(&s);
  take_up();
  put("o\n", 1);
  pump_all();
  check_text("another holder", "goes on", place_read("out.000001", NULL),
             "one\ntwo\n");
  tear_down();
}

static void cut_at_lines(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  put("0123456789\n", 500); /* the limit is amid a line */
  put("rest", 1);
  pump_all();
  check_u64("the first", "bytes", size_of("out.000001"), 373 * 11);
  check_u64("the second", "bytes", size_of("out.000002"), 127 * 11 + 4);
  check_true("cut", "told", s.cut);
  put("\n", 1);
  put("0123456789\n", 400);
  pump_all();
  check_u64("the second", "bytes, now", size_of("out.000002"),
            127 * 11 + 5 + 245 * 11);
  check_u64("the third", "bytes", size_of("out.000003"), 155 * 11);
  tear_down();
}

/* Exactly at the limit, where a line ends: nothing to look for. */
static void cut_at_the_limit(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  put("0123456\n", LIMIT / 8);
  pump_all();
  put("x\n", 1);
  pump_all();
  check_u64("the first", "bytes", size_of("out.000001"), LIMIT);
  check_text("the second", "text", place_read("out.000002", NULL), "x\n");
  tear_down();
}

/* A line without an end. */
static void cut_in_a_line(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  char *text = malloc(32769);
  memset(text, 'l', 32768);
  text[32768] = '\0';
  for (int i = 0; i < 40; i++) {
    put(text, 1);
    pump_all();
  }
  put("\nnext\n", 1);
  pump_all();
  size_t first = size_of("out.000001");
  check_true("the first", "about a megabyte",
             first >= LIMIT + (1 << 20) && first < LIMIT + (1 << 20) + 65536);
  check_u64("both", "bytes", first + size_of("out.000002"), 40 * 32768 + 1);
  check_text("the third", "text", place_read("out.000003", NULL), "next\n");
  size_t length;
  struct pm_job_index_record r;
  const char *bytes = place_read("out.000001.index", &length);
  pm_job_read(bytes + length - sizeof r, sizeof r, PM_JOB_INDEX, &r, sizeof r);
  check_int("the first", "its last record", (int)r.flags, PM_JOB_INDEX_PARTIAL);
  bytes = place_read("out.000002.index", &length);
  pm_job_read(bytes, sizeof r, PM_JOB_INDEX, &r, sizeof r);
  check_int("the second", "its first record", (int)r.flags,
            PM_JOB_INDEX_PARTIAL);
  free(text);
  tear_down();
}

static void limit_files(rlim_t bytes) {
  const struct rlimit limit = {bytes, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

/* No room: what is in the FIFO stays there, and is tried again after a
 * second. */
static void blocked(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  signal(SIGXFSZ, SIG_IGN);
  pump();
  limit_files(100);
  put("0123456789\n", 20);
  pump_all();
  check_int("full", "pumped", pump(), KEEP_BLOCKED);
  check_int("full", "errno value", said.error, EFBIG);
  check_true("full", "listens", !keep_stream_listens(&s, &logs));
  now.boot += S - 1;
  limit_files(RLIM_INFINITY);
  check_int("too early", "pumped", pump(), KEEP_BLOCKED);
  keep_stream_account(&s, &now);
  check_u64("too early", "blocked", said.blocked_ns, S - 1);
  now.boot++;
  check_int("in time", "pumped", pump(), KEEP_MOVED);
  check_u64("in time", "blocked", said.blocked_ns, S);
  check_int("in time", "errno value", said.error, 0);
  pump_all();
  check_u64("all", "bytes", size_of("out.000001"), 220);
  check_u64("all", "dropped", said.dropped_bytes, 0);
  tear_down();
}

static void dropped(void **state) {
  (void)state;
  set_up(PM_JOB_DROP_NEW);
  pump();
  limit_files(0);
  put("lost\n", 3);
  check_int("full", "pumped", pump(), KEEP_BLOCKED);
  check_true("full", "listens", keep_stream_listens(&s, &logs));
  check_int("dropped", "pumped", pump(), KEEP_MOVED);
  check_u64("dropped", "bytes", said.dropped_bytes, 15);
  limit_files(RLIM_INFINITY);
  now.boot += S;
  put("kept\n", 1);
  check_int("room", "pumped", pump(), KEEP_MOVED);
  check_text("room", "segment", place_read("out.000001", NULL), "kept\n");
  struct pm_job_index_record r = {0};
  size_t length;
  const char *bytes = place_read("out.000001.index", &length);
  pm_job_read(bytes, length, PM_JOB_INDEX, &r, sizeof r);
  check_int("room", "flags", (int)r.flags, PM_JOB_INDEX_DROPPED);
  s.discard = true;
  put("to nowhere\n", 1);
  check_int("discard", "pumped", pump(), KEEP_MOVED);
  check_u64("discard", "bytes", said.dropped_bytes, 26);
  check_u64("discard", "stored", size_of("out.000001"), 5);
  tear_down();
}

/* The user puts things in the way. */
static void obstructed(void **state) {
  (void)state;
  set_up(PM_JOB_BLOCK);
  place_file("target", "mine", 4, 1);
  symlinkat("target", logs.dir, "out.000007");
  put("a\n", 1);
  pump_all();
  check_text("a link", "its target", place_read("target", NULL), "mine");
  check_text("a link", "the next", place_read("out.000008", NULL), "a\n");
  unlinkat(logs.dir, "out.000008", 0);
  put("b\n", 1);
  pump_all();
  check_text("unlinked", "the next", place_read("out.000009", NULL), "b\n");
  close(logs.dir);
  logs.dir = -1;
  keep_stream_leave(&s);
  put("c\n", 1);
  check_int("no folder", "pumped", pump(), KEEP_BLOCKED);
  check_int("no folder", "errno value", said.error, ENOENT);
  tear_down();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stored),           cmocka_unit_test(cut_at_lines),
      cmocka_unit_test(cut_at_the_limit), cmocka_unit_test(cut_in_a_line),
      cmocka_unit_test(blocked),          cmocka_unit_test(dropped),
      cmocka_unit_test(obstructed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
