/* The index beside a segment. */
#include "hold/keep/index.h"

#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { RECORD = sizeof(struct pm_job_index_record) };
#define MS UINT64_C(1000000)

static struct keep_index reopen(int dir, uint64_t stored, uint64_t now) {
  struct keep_index index;
  int fd = openat(dir, "index", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  check_int("open", "status", keep_index_open(&index, fd, stored, now), 0);
  return index;
}

static void check_records(const char *row, const char *want) {
  size_t length;
  char got[512] = "";
  const char *bytes = place_read("index", &length);
  for (size_t at = 0; at < length; at += RECORD) {
    struct pm_job_index_record r = {0};
    int status =
        pm_job_read(bytes + at, length - at, PM_JOB_INDEX, &r, sizeof r);
    char one[64];
    snprintf(one, sizeof one, status ? "bad " : "%u+%u@%u/%u ",
             (unsigned)r.offset, r.length, (unsigned)(r.real_ns / MS), r.flags);
    strcat(got, one);
  }
  check_text(row, "records", got, want);
}

/* One record for what comes within a millisecond of its first byte. */
static void adds(void **state) {
  (void)state;
  int dir = place_new();
  struct keep_index index = reopen(dir, 0, 0);
  keep_index_add(&index, 10, 5 * MS, 0);
  keep_index_add(&index, 11, 5 * MS + MS - 1, 0);
  check_records("within", "0+11@5/0 ");
  keep_index_add(&index, 12, 6 * MS, 0);
  check_records("a millisecond later", "0+11@5/0 11+1@6/0 ");
  keep_index_add(&index, 13, 6 * MS, PM_JOB_INDEX_PARTIAL);
  keep_index_add(&index, 14, 6 * MS, 0);
  check_records("flags stand alone", "0+11@5/0 11+1@6/0 12+1@6/2 13+1@6/0 ");
  keep_index_add(&index, 15, 4 * MS, 0);
  check_records("a clock that went back",
                "0+11@5/0 11+1@6/0 12+1@6/2 13+1@6/0 14+1@4/0 ");
  keep_index_add(&index, 15, 9 * MS, 0);
  check_records("nothing new", "0+11@5/0 11+1@6/0 12+1@6/2 13+1@6/0 14+1@4/0 ");
  keep_index_close(&index);
  check_int("closed", "fd", index.fd, -1);
  check_int("closed", "status", keep_index_add(&index, 99, 0, 0) < 0, 1);
  place_done();
  check_end();
}

static void recovers(void **state) {
  (void)state;
  int dir = place_new();
  struct keep_index index = reopen(dir, 0, 0);
  keep_index_add(&index, 10, 1 * MS, 0);
  keep_index_add(&index, 20, 9 * MS, 0);
  keep_index_close(&index);
  index = reopen(dir, 20, 50 * MS);
  check_records("all is covered", "0+10@1/0 10+10@9/0 ");
  keep_index_close(&index);
  index = reopen(dir, 25, 50 * MS);
  check_records("uncovered bytes", "0+10@1/0 10+10@9/0 20+5@50/1 ");
  keep_index_close(&index);
  ftruncate(openat(dir, "index", O_RDWR | O_CLOEXEC), 2 * RECORD + 7);
  index = reopen(dir, 25, 60 * MS);
  check_records("a torn record", "0+10@1/0 10+10@9/0 20+5@60/1 ");
  keep_index_close(&index);
  int fd = openat(dir, "index", O_RDWR | O_CLOEXEC);
  pwrite(fd, "x", 1, RECORD + 20);
  pwrite(fd, "x", 1, 2 * RECORD + 20);
  close(fd);
  index = reopen(dir, 25, 70 * MS);
  check_records("damaged ones", "0+10@1/0 10+15@70/1 ");
  keep_index_add(&index, 26, 70 * MS, 0);
  check_records("it goes on", "0+10@1/0 10+15@70/1 25+1@70/0 ");
  keep_index_close(&index);
  place_done();
  check_end();
}

/* No room for a record: the next one covers its bytes, too. */
static void full(void **state) {
  (void)state;
  int dir = place_new();
  const struct rlimit one = {RECORD + 7, RLIM_INFINITY},
                      all = {RLIM_INFINITY, RLIM_INFINITY};
  struct keep_index index = reopen(dir, 0, 0);
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &one);
  check_int("the first", "status", keep_index_add(&index, 10, 1 * MS, 0), 0);
  check_true("no room", "status", keep_index_add(&index, 20, 5 * MS, 0) < 0);
  setrlimit(RLIMIT_FSIZE, &all);
  check_int("room", "status", keep_index_add(&index, 30, 9 * MS, 0), 0);
  check_records("room", "0+10@1/0 10+20@9/0 ");
  keep_index_close(&index);
  place_done();
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adds),
      cmocka_unit_test(recovers),
      cmocka_unit_test(full),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
