/* Is a job started again, and when? */
#include "hold/keep/restart.h"

#include "unit/support/check.h"

#define S UINT64_C(1000000000)

static void decided(void **state) {
  (void)state;
  enum { OK, BAD, KILLED, UNKNOWN, NOT_STARTED };
  static const struct pm_job_exit_record ends[] = {
      [OK] = {.how = PM_JOB_CODE},
      [BAD] = {.how = PM_JOB_CODE, .code = 1},
      [KILLED] = {.how = PM_JOB_SIGNAL, .signal = 9},
      [UNKNOWN] = {.how = PM_JOB_UNKNOWN},
      [NOT_STARTED] = {.how = PM_JOB_NOT_STARTED},
  };
  static const struct {
    const char *name;
    enum pm_job_policy policy;
    uint32_t most, failures, wants;
    int end;
    enum keep_event want;
    enum pm_job_reason reason;
  } rows[] = {
      {"never", PM_JOB_NEVER, 0, 1, 0, BAD, KEEP_ENDED, PM_JOB_FINISHED},
      {"never, killed", PM_JOB_NEVER, 0, 1, 0, KILLED, KEEP_ENDED,
       PM_JOB_FINISHED},
      {"on failure, done", PM_JOB_ON_FAILURE, 0, 1, 0, OK, KEEP_ENDED,
       PM_JOB_FINISHED},
      {"on failure", PM_JOB_ON_FAILURE, 0, 1, 0, BAD, KEEP_ENDED_WAIT, 0},
      {"on failure, killed", PM_JOB_ON_FAILURE, 0, 1, 0, KILLED,
       KEEP_ENDED_WAIT, 0},
      {"on failure, unknown", PM_JOB_ON_FAILURE, 0, 1, 0, UNKNOWN,
       KEEP_ENDED_WAIT, 0},
      {"on failure, not started", PM_JOB_ON_FAILURE, 0, 1, 0, NOT_STARTED,
       KEEP_ENDED_WAIT, 0},
      {"always, done", PM_JOB_ALWAYS, 0, 1, 0, OK, KEEP_ENDED_WAIT, 0},
      {"without end", PM_JOB_ALWAYS, 0, UINT32_MAX, 0, BAD, KEEP_ENDED_WAIT, 0},
      {"the last time", PM_JOB_ALWAYS, 3, 3, 0, BAD, KEEP_ENDED_WAIT, 0},
      {"once too often", PM_JOB_ALWAYS, 3, 4, 0, BAD, KEEP_ENDED,
       PM_JOB_GAVE_UP},
      {"done, however often", PM_JOB_ON_FAILURE, 3, 9, 0, OK, KEEP_ENDED,
       PM_JOB_FINISHED},
      {"stopped", PM_JOB_ALWAYS, 0, 1, PM_JOB_WANTS_STOP, BAD, KEEP_ENDED,
       PM_JOB_STOPPED},
      {"removed", PM_JOB_ALWAYS, 0, 1, PM_JOB_WANTS_REMOVAL, BAD, KEEP_ENDED,
       PM_JOB_STOPPED},
      {"again", PM_JOB_NEVER, 0, 1, PM_JOB_WANTS_AGAIN, OK, KEEP_ENDED_NOW, 0},
      {"again, though it fails too often", PM_JOB_ALWAYS, 1, 9,
       PM_JOB_WANTS_AGAIN, BAD, KEEP_ENDED_NOW, 0},
      {"again, then stopped", PM_JOB_NEVER, 0, 1,
       PM_JOB_WANTS_AGAIN | PM_JOB_WANTS_STOP, OK, KEEP_ENDED, PM_JOB_STOPPED},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_job_fields spec = {.policy = rows[i].policy,
                                 .restarts_most = rows[i].most};
    struct pm_job_state_record s = {.failures = rows[i].failures,
                                    .wants = rows[i].wants};
    enum pm_job_reason reason;
    check_int(rows[i].name, "event",
              keep_restart_decide(&spec, &s, &ends[rows[i].end], &reason),
              rows[i].want);
    check_int(rows[i].name, "reason", reason, rows[i].reason);
  }
  check_end();
}

static void pauses(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t first;
    uint32_t failures;
    uint64_t want;
  } rows[] = {
      {"the first", 0, 1, S / 10},
      {"the second", 0, 2, S / 5},
      {"the tenth", 0, 10, S * 512 / 10},
      {"the eleventh", 0, 11, 60 * S},
      {"the last", 0, UINT32_MAX, 60 * S},
      {"another first", 2 * S, 3, 8 * S},
      {"a first beyond", 100 * S, 1, 60 * S},
      {"one that would overflow", UINT64_MAX / 2, 9, 60 * S},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_u64(rows[i].name, "pause",
              keep_restart_pause(rows[i].first, rows[i].failures),
              rows[i].want);
  check_u64("one more", "failures", keep_restart_count(4, S), 5);
  check_u64("after a minute", "failures", keep_restart_count(4, 60 * S), 1);
  check_u64("no overflow", "failures", keep_restart_count(UINT32_MAX, 0),
            UINT32_MAX);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decided),
      cmocka_unit_test(pauses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
