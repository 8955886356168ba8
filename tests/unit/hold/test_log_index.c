/* When the bytes of a segment came, by its index: as it grows, torn, and with
 * anything else in it. */
#include "hold/log_index.h"

#include "unit/hold/job_log.h"
#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD = sizeof(struct pm_job_index_record), CHANGED = 99 };

static struct hold_log_index x;
static int dir;

static void begin(void) {
  dir = place_new();
  job_log_index(dir, 0, 1, "", 0);
  hold_log_index_open(&x, openat(dir, "out.000001.index", O_RDONLY));
}

static void end(void) {
  hold_log_index_close(&x);
  place_done();
  check_end();
}

static void put(uint64_t offset, uint32_t length, uint64_t ms, uint32_t flags) {
  struct pm_job_index_record r = {
      .offset = offset, .length = length, .real_ns = ms * MS, .flags = flags};
  pm_job_seal(&r, PM_JOB_INDEX, sizeof r);
  job_log_index(dir, 0, 1, &r, sizeof r);
}

/* Milliseconds of each byte, "<" before what is only the latest. */
static void check_stamps(const char *row, uint64_t from, uint64_t to,
                         const char *want) {
  char got[256] = "";
  for (uint64_t at = from; at < to; at++) {
    struct hold_log_stamp s = hold_log_index_stamp(&x, at, CHANGED * MS);
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%u ", s.is_latest ? "<" : "",
             (unsigned)(s.real_ns / MS));
  }
  check_text(row, "times", got, want);
}

static void grows(void **state) {
  (void)state;
  begin();
  check_stamps("empty", 0, 2, "<99 <99 ");
  job_log_put(dir, 0, 1, "ab", 1, 0);
  check_stamps("not looked", 0, 2, "<99 <99 ");
  hold_log_index_refresh(&x);
  check_stamps("two", 0, 4, "1 1 <99 <99 ");
  check_u64("two", "end", x.end, 2);
  /* within a millisecond: the record is written over */
  job_log_put(dir, 0, 1, "c", 1, 0);
  hold_log_index_refresh(&x);
  check_stamps("three", 0, 4, "1 1 1 <99 ");
  job_log_put(dir, 0, 1, "d", 5, PM_JOB_INDEX_RECOVERED);
  hold_log_index_refresh(&x);
  check_stamps("more", 0, 5, "1 1 1 <5 <99 ");
  check_stamps("back", 1, 2, "1 ");
  hold_log_index_refresh(&x);
  check_stamps("the last one again", 3, 5, "<5 <99 ");
  x.end_ns = 200 * MS;
  check_stamps("a file's time is late", 4, 5, "<200 ");
  end();
}

static void torn(void **state) {
  (void)state;
  begin();
  job_log_put(dir, 0, 1, "ab", 1, 0);
  job_log_index(dir, 0, 1, "half of a record", 16);
  hold_log_index_refresh(&x);
  check_stamps("half", 0, 3, "1 1 <99 ");
  char zeros[RECORD - 16] = {0};
  job_log_index(dir, 0, 1, zeros, sizeof zeros);
  hold_log_index_refresh(&x);
  check_true("no record yet", "is not broken", !x.is_broken);
  check_stamps("no record yet", 0, 3, "1 1 <99 ");
  end();
}

static void broken(void **state) {
  (void)state;
  static char junk[100 * RECORD];
  begin();
  put(0, 10, 1, 0);
  for (size_t i = 0; i < sizeof junk; i++)
    junk[i] = (char)(i * 7);
  job_log_index(dir, 0, 1, junk, sizeof junk);
  put(10, 10, 2, 0);
  hold_log_index_refresh(&x);
  check_stamps("junk", 9, 12, "0 0 0 ");
  check_true("junk", "is broken", x.is_broken);
  check_u64("junk", "drop", hold_log_index_first_drop(&x, 0, 100), UINT64_MAX);
  end();
}

/* Whole records that make no sense. */
static void forged(void **state) {
  (void)state;
  static const uint64_t offsets[] = {5, 0, UINT64_MAX, 5, 5, 3, 90, 0, 50};
  begin();
  for (size_t i = 0; i < CHECK_COUNT(offsets); i++)
    put(offsets[i], i % 3 ? 0 : UINT32_MAX, i,
        i % 2 ? PM_JOB_INDEX_DROPPED : 0);
  hold_log_index_refresh(&x);
  for (uint64_t at = 0; at < 200; at++) {
    hold_log_index_stamp(&x, at, 0);
    hold_log_index_first_drop(&x, at, at + 50);
    hold_log_index_last_drop(&x, at, at + 50);
  }
  end();
}

static void drops(void **state) {
  (void)state;
  static const struct {
    uint64_t from, to, first, last;
  } rows[] = {
      {0, 9, UINT64_MAX, UINT64_MAX},
      {0, 10, 10, 10},
      {10, 10, 10, 10},
      {11, 19, UINT64_MAX, UINT64_MAX},
      {0, 99, 10, 30},
      {11, 25, 20, 20},
      {11, 30, 20, 30},
      {31, 39, UINT64_MAX, UINT64_MAX},
      {31, 60, UINT64_MAX, UINT64_MAX}, /* nothing is known of the last byte */
  };
  begin();
  for (uint32_t i = 0; i < 4; i++)
    put(i * 10, 10, i, i ? PM_JOB_INDEX_DROPPED : 0);
  put(40, 10, 9, 0);
  hold_log_index_refresh(&x);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    uint64_t to = rows[i].to;
    char row[32];
    snprintf(row, sizeof row, "%d-%d", (int)rows[i].from, (int)to);
    check_u64(row, "first", hold_log_index_first_drop(&x, rows[i].from, to),
              rows[i].first);
    check_u64(row, "last",
              hold_log_index_last_drop(&x, rows[i].from, to < 50 ? to : 49),
              rows[i].last);
  }
  end();
}

/* More records than the window has, in any order. */
static void many(void **state) {
  (void)state;
  enum { MANY = 10 * HOLD_LOG_INDEX_WINDOW + 7 };
  static struct pm_job_index_record records[MANY];
  begin();
  for (uint32_t i = 0; i < MANY; i++) {
    records[i] = (struct pm_job_index_record){
        .offset = i * 3, .length = 3, .real_ns = (i + 1) * MS};
    pm_job_seal(&records[i], PM_JOB_INDEX, RECORD);
  }
  job_log_index(dir, 0, 1, records, sizeof records);
  hold_log_index_refresh(&x);
  check_true("before", "is", hold_log_index_is_before(&x, (MANY + 1) * MS));
  check_true("before", "is not", !hold_log_index_is_before(&x, MANY * MS));
  check_true("from", "is", hold_log_index_is_from(&x, MS));
  check_true("from", "is not", !hold_log_index_is_from(&x, MS + 1));
  srand(1);
  for (int order = 0; order < 3; order++)
    for (uint32_t n = 0; n < 3 * MANY; n++) {
      uint64_t at = order == 0   ? n
                    : order == 1 ? 3 * MANY - 1 - n
                                 : (uint32_t)rand() % (3 * MANY);
      struct hold_log_stamp s = hold_log_index_stamp(&x, at, 0);
      if (s.real_ns != (at / 3 + 1) * MS)
        check_u64("many", "time", s.real_ns, (at / 3 + 1) * MS);
    }
  end();
}

static void none(void **state) {
  (void)state;
  dir = place_new();
  hold_log_index_open(&x, -1);
  hold_log_index_refresh(&x);
  check_stamps("none", 0, 2, "<99 <99 ");
  check_u64("none", "drop", hold_log_index_last_drop(&x, 0, 9), UINT64_MAX);
  check_true("none", "is nothing",
             !hold_log_index_is_before(&x, UINT64_MAX) &&
                 !hold_log_index_is_from(&x, 1));
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows),  cmocka_unit_test(torn),
      cmocka_unit_test(broken), cmocka_unit_test(forged),
      cmocka_unit_test(drops),  cmocka_unit_test(many),
      cmocka_unit_test(none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
