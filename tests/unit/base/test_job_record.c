/* Records of jobs: whole, torn, damaged, of another kind or schema. */
#include "base/job_record.h"

#include "base/crc32c.h"
#include "base/job_message.h"
#include "base/job_state.h"

#include "unit/support/check.h"

#include <errno.h>
#include <string.h>

static struct pm_job_state_record make(void) {
  struct pm_job_state_record s = {
      .state = PM_JOB_RUNNING,
      .pid = 4711,
      .birth = UINT64_C(1) << 40,
      .stream = {{.bytes = 12}, {.dropped_bytes = 34}},
  };
  pm_job_seal(&s, PM_JOB_STATE, sizeof s);
  return s;
}

/* The values of RFC 3720, B.4. */
static void sums(void **state) {
  (void)state;
  unsigned char bytes[32] = {0};
  check_u64("32 zeros", "sum", pm_crc32c(0, bytes, 32), 0x8a9136aa);
  memset(bytes, 0xff, 32);
  check_u64("32 ones", "sum", pm_crc32c(0, bytes, 32), 0x62a8ab43);
  for (unsigned char i = 0; i < 32; i++)
    bytes[i] = i;
  check_u64("rising", "sum", pm_crc32c(0, bytes, 32), 0x46dd794e);
  check_u64("in parts", "sum", pm_crc32c(pm_crc32c(0, bytes, 7), bytes + 7, 25),
            0x46dd794e);
  check_end();
}

static void whole(void **state) {
  (void)state;
  struct pm_job_state_record s = make(), got;
  check_int("as written", "status",
            pm_job_read(&s, sizeof s, PM_JOB_STATE, &got, sizeof got), 0);
  check_bytes("as written", "record", &got, &s, sizeof s);
  char page[4096] = {0};
  memcpy(page, &s, sizeof s);
  check_int("in a page", "status",
            pm_job_read(page, sizeof page, PM_JOB_STATE, &got, sizeof got), 0);
  check_int("another kind", "status",
            pm_job_read(&s, sizeof s, PM_JOB_EXIT, &got, sizeof got), -EBADMSG);
  memset(page, 0, sizeof page);
  check_int("an empty page", "status",
            pm_job_check(page, sizeof page, PM_JOB_STATE), -EBADMSG);
  check_end();
}

static void damaged(void **state) {
  (void)state;
  struct pm_job_state_record s = make(), got, before = {.pid = 1};
  unsigned char bytes[sizeof s];
  size_t missed = 0;
  for (size_t i = 0; i < sizeof s; i++)
    for (int bit = 0; bit < 8; bit++) {
      memcpy(bytes, &s, sizeof s);
      bytes[i] ^= (unsigned char)(1 << bit);
      got = before;
      missed +=
          pm_job_read(bytes, sizeof s, PM_JOB_STATE, &got, sizeof got) == 0;
      missed += memcmp(&got, &before, sizeof got) != 0;
    }
  check_u64("each bit", "missed", missed, 0);
  for (size_t n = missed = 0; n < sizeof s; n++)
    missed += pm_job_check(&s, n, PM_JOB_STATE) == 0;
  check_u64("each length", "missed", missed, 0);
  check_end();
}

/* As a program of that schema would write it. */
static void seal_as(void *record, uint16_t schema, size_t length) {
  struct pm_job_head *head = record;
  *head = (struct pm_job_head){PM_JOB_STATE, schema, (uint32_t)length, 0, 0};
  head->checksum = pm_crc32c(0, record, length);
}

static void schemas(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint16_t schema;
    int shorter, want;
  } rows[] = {
      {"this one", PM_JOB_SCHEMA, 0, 0},
      {"this one, longer", PM_JOB_SCHEMA, -8, 0},
      {"this one, shorter than it can be", PM_JOB_SCHEMA, 8, -EBADMSG},
      {"the next", PM_JOB_SCHEMA + 1, 0, -EPROTONOSUPPORT},
      {"the next, longer", PM_JOB_SCHEMA + 1, -8, -EPROTONOSUPPORT},
      {"none", 0, 0, -EPROTONOSUPPORT},
      {"the last", UINT16_MAX, 0, -EPROTONOSUPPORT},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct {
      struct pm_job_state_record s;
      uint64_t more;
    } large = {.s = make()};
    struct pm_job_state_record got;
    size_t length = sizeof large.s - (size_t)(ptrdiff_t)rows[i].shorter;
    seal_as(&large, rows[i].schema, length);
    check_int(rows[i].name, "status",
              pm_job_read(&large, sizeof large, PM_JOB_STATE, &got, sizeof got),
              rows[i].want);
  }
  check_end();
}

/* What is on disk stays where it is. */
static void sizes(void **state) {
  (void)state;
  check_u64("head", "bytes", sizeof(struct pm_job_head), 16);
  check_u64("state", "bytes", sizeof(struct pm_job_state_record), 248);
  check_u64("exit", "bytes", sizeof(struct pm_job_exit_record), 96);
  check_u64("index", "bytes", sizeof(struct pm_job_index_record), 40);
  check_u64("request", "bytes", sizeof(struct pm_job_request), 40);
  check_u64("reply", "bytes", sizeof(struct pm_job_reply), 32);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums),    cmocka_unit_test(whole),
      cmocka_unit_test(damaged), cmocka_unit_test(schemas),
      cmocka_unit_test(sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
