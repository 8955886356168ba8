/* The table of a call's states, printed whole and compared with the picture in
 * tests/data/call-states.txt: a pair that is not meant to move anything is then
 * a decision and not an accident. */
#include "unit/support/check.h"

#include "server/call_state.h"

#include <stdlib.h>
#include <string.h>

static const char *const states[PM_CALL_STATES] = {
    [PM_CALL_WAITING] = "waiting",     [PM_CALL_READY] = "ready",
    [PM_CALL_WRITING] = "writing",     [PM_CALL_CANCELLING] = "cancelling",
    [PM_CALL_CANCELLED] = "cancelled", [PM_CALL_FAILED] = "failed",
    [PM_CALL_PAUSED] = "paused",       [PM_CALL_DETACHED] = "detached",
    [PM_CALL_DONE] = "done",
};

static const char *const events[PM_CALL_EVENTS] = {
    [PM_CALL_ON_READY] = "ready",     [PM_CALL_ON_FAILURE] = "failure",
    [PM_CALL_ON_CANCEL] = "cancel",   [PM_CALL_ON_LEFT] = "left",
    [PM_CALL_ON_DROPPED] = "dropped", [PM_CALL_ON_PARTIAL] = "partial",
    [PM_CALL_ON_PAUSE] = "pause",     [PM_CALL_ON_NEXT] = "next",
    [PM_CALL_ON_WAIT] = "wait",       [PM_CALL_ON_DONE] = "done",
};

/* What is done with a call in that state. */
static const char *treatment(enum pm_call_state s) {
  if (pm_call_state_mid_message(s))
    return pm_call_state_writes(s) ? "writes, alone" : "steps, alone";
  if (pm_call_state_writes(s))
    return pm_call_state_steps(s) ? "steps, writes" : "writes";
  return pm_call_state_steps(s) ? "steps" : "-";
}

static void print_state(FILE *to, enum pm_call_state s) {
  fprintf(to, "%-11s", states[s]);
  for (enum pm_call_event e = 0; e < PM_CALL_EVENTS; e++) {
    enum pm_call_state next = pm_call_state_next(s, e);
    fprintf(to, "%-11s", next == s ? "." : states[next]);
  }
  fprintf(to, "%s\n", treatment(s));
}

static char *print_table(void) {
  char *text = NULL;
  size_t length;
  FILE *to = open_memstream(&text, &length);
  fprintf(to, "%-11s", "");
  for (enum pm_call_event e = 0; e < PM_CALL_EVENTS; e++)
    fprintf(to, "%-11s", events[e]);
  fprintf(to, "in it\n");
  for (enum pm_call_state s = 0; s < PM_CALL_STATES; s++)
    print_state(to, s);
  fclose(to);
  return text;
}

static void as_in_the_picture(void **state) {
  (void)state;
  const char *source = getenv("PM_SRC");
  char path[512], want[8192];
  snprintf(path, sizeof path, "%s/tests/data/call-states.txt",
           source ? source : ".");
  FILE *from = fopen(path, "re");
  size_t n = from ? fread(want, 1, sizeof want - 1, from) : 0;
  want[n] = '\0';
  if (from)
    fclose(from);
  char *got = print_table();
  if (strcmp(got, want) != 0)
    printf("the table is\n%s", got);
  check_true("table", "as in tests/data/call-states.txt",
             strcmp(got, want) == 0);
  free(got);
  check_end();
}

/* Whatever happens to it, a call whose client is gone and that has something
 * to say ends, and nothing leads out of the end. */
static void ends(void **state) {
  (void)state;
  for (enum pm_call_state s = 0; s < PM_CALL_STATES; s++) {
    check_int(states[s], "its client dropped it",
              pm_call_state_next(s, PM_CALL_ON_DROPPED), PM_CALL_DONE);
    enum pm_call_state left = pm_call_state_next(s, PM_CALL_ON_LEFT);
    check_int(states[s], "left, and ready",
              pm_call_state_next(left, PM_CALL_ON_READY), PM_CALL_DONE);
  }
  for (enum pm_call_event e = 0; e < PM_CALL_EVENTS; e++)
    check_int(events[e], "done", pm_call_state_next(PM_CALL_DONE, e),
              PM_CALL_DONE);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_in_the_picture),
      cmocka_unit_test(ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
