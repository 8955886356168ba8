/* What <Jobs> comes to.  What it refuses is scenario 36's. */
#include "options/options.h"

#include "base/job_spec.h"
#include "unit/options/read_text.h"
#include "unit/support/check.h"

static void check_defaults(const char *name, const char *text) {
  struct pm_options o;
  check_int(name, "status", read_text(text, &o), 0);
  check_text(name, "state", o.jobs.state_dir, NULL);
  check_text(name, "logs", o.jobs.log_dir, NULL);
  check_text(name, "keep", o.jobs.keep, PM_KEEP);
  check_u64(name, "most", o.jobs.most, 256);
  check_u64(name, "most of a user", o.jobs.most_of_user, 32);
  check_u64(name, "bytes", o.jobs.log_bytes, 64 << 20);
  check_u64(name, "segments", o.jobs.log_segments, 8);
  check_u64(name, "groups", o.jobs.groups, 32);
  check_u64(name, "on full", o.jobs.on_full, PM_JOB_BLOCK);
  pm_options_done(&o);
}

static void defaults(void **state) {
  (void)state;
  check_defaults("no block", "Top 5\n");
  check_defaults("empty", "<Jobs>\n</Jobs>\n");
  check_end();
}

static void whole(void **state) {
  (void)state;
  struct pm_options o;
  static const char text[] = "<Jobs>\n"
                             "StateDir \"/run/x\"\n"
                             "LogDir \"/srv/log\"\n"
                             "MaxJobs 0\n"
                             "MaxJobsPerUser 10000\n"
                             "LogMaxBytes 65536\n"
                             "LogPerUserBytes \"2G\"\n"
                             "LogMaxSegments 2\n"
                             "MaxJobGroups 0\n"
                             "OnFull \"drop_new\"\n"
                             "Helper \"/x/keep\"\n"
                             "</Jobs>\n";
  assert_int_equal(read_text(text, &o), 0);
  check_text("whole", "state", o.jobs.state_dir, "/run/x");
  check_text("whole", "logs", o.jobs.log_dir, "/srv/log");
  check_text("whole", "keep", o.jobs.keep, "/x/keep");
  check_u64("whole", "most", o.jobs.most, 0);
  check_u64("whole", "of a user", o.jobs.log_bytes_of_user, 2ULL << 30);
  check_u64("whole", "most of a user", o.jobs.most_of_user, 10000);
  check_u64("whole", "bytes", o.jobs.log_bytes, 65536);
  check_u64("whole", "segments", o.jobs.log_segments, 2);
  check_u64("whole", "groups", o.jobs.groups, 0);
  check_u64("whole", "on full", o.jobs.on_full, PM_JOB_DROP_NEW);
  check_int("whole", "a socket", o.control.enabled, false);
  pm_options_done(&o);
  check_end();
}

static void sizes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t bytes;
  } rows[] = {
      {"65536", 65536},
      {"\"65536\"", 65536},
      {"\"64K\"", 64 << 10},
      {"\"3M\"", 3 << 20},
      {"\"5G\"", UINT64_C(5) << 30},
      {"\"1048576G\"", UINT64_C(1) << 50},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[128];
    struct pm_options o;
    snprintf(text, sizeof text, "<Jobs>\nLogMaxBytes %s\n</Jobs>\n",
             rows[i].text);
    check_int(rows[i].text, "status", read_text(text, &o), 0);
    check_u64(rows[i].text, "bytes", o.jobs.log_bytes, rows[i].bytes);
    pm_options_done(&o);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults),
      cmocka_unit_test(whole),
      cmocka_unit_test(sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
