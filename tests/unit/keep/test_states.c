/* The table of a job's states, printed whole and compared with the picture in
 * tests/data/job-states.txt. */
#include "hold/keep/states.h"

#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

static const char *const states[PM_JOB_STATE_COUNT] = {
    [PM_JOB_NEW] = "new",           [PM_JOB_STARTING] = "starting",
    [PM_JOB_RUNNING] = "running",   [PM_JOB_STOPPING] = "stopping",
    [PM_JOB_KILLING] = "killing",   [PM_JOB_BACKING_OFF] = "backing-off",
    [PM_JOB_DRAINING] = "draining", [PM_JOB_EXITED] = "exited",
};

static const char *const events[KEEP_EVENT_COUNT] = {
    [KEEP_BEGIN] = "begin",
    [KEEP_EXECED] = "execed",
    [KEEP_ENDED] = "ended",
    [KEEP_ENDED_WAIT] = "ended, wait",
    [KEEP_ENDED_NOW] = "ended, now",
    [KEEP_TIME] = "time",
    [KEEP_STOP] = "stop",
    [KEEP_RESTART] = "restart",
    [KEEP_REMOVE] = "remove",
    [KEEP_DRAINED] = "drained",
};

static const char *const acts[KEEP_ACT_COUNT] = {
    [KEEP_NOTHING] = "",      [KEEP_START] = "start",
    [KEEP_TERM] = "TERM",     [KEEP_KILL] = "KILL",
    [KEEP_PAUSE] = "pause",   [KEEP_RELEASE] = "release",
    [KEEP_SWEEP] = "sweep",   [KEEP_DISCARD] = "discard",
    [KEEP_FINISH] = "finish",
};

static void print_pair(FILE *to, enum pm_job_state s, enum keep_event e) {
  struct keep_step step = keep_states_next(s, e);
  if (step.next == s && step.act == KEEP_NOTHING)
    return;
  fprintf(to, "%-12s %-12s -> %s%s%s\n", states[s], events[e],
          states[step.next], step.act ? ": " : "", acts[step.act]);
}

/* A line a pair that does something. */
static char *print_table(void) {
  char *text = NULL;
  size_t length;
  FILE *to = open_memstream(&text, &length);
  for (enum pm_job_state s = 0; s < PM_JOB_STATE_COUNT; s++)
    for (enum keep_event e = 0; e < KEEP_EVENT_COUNT; e++)
      print_pair(to, s, e);
  fclose(to);
  return text;
}

static void as_in_the_picture(void **state) {
  (void)state;
  char path[4096], want[8192] = "";
  snprintf(path, sizeof path, "%s/tests/data/job-states.txt",
           check_env("PM_SRC"));
  FILE *from = fopen(path, "re");
  size_t n = from ? fread(want, 1, sizeof want - 1, from) : 0;
  want[n] = '\0';
  if (from)
    fclose(from);
  char *got = print_table();
  if (strcmp(got, want) != 0)
    printf("the table is\n%s", got);
  check_true("table", "as in tests/data/job-states.txt",
             strcmp(got, want) == 0);
  free(got);
  check_end();
}

/* Whatever happens, a stop leads to the end. */
static void stops(void **state) {
  (void)state;
  for (enum pm_job_state s = 0; s < PM_JOB_EXITED; s++) {
    enum pm_job_state now = keep_states_next(s, KEEP_STOP).next;
    enum pm_job_state left = keep_states_next(now, KEEP_ENDED).next;
    check_int(states[s], "after a stop and its end", left, PM_JOB_DRAINING);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_in_the_picture),
      cmocka_unit_test(stops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
