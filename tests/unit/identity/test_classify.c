/* Names of processes that have ended: what was remembered of those that live.
 */
#include "core/identity/classify.h"

#include "unit/support/check.h"

#include <string.h>

static const struct pm_select_options by_name = {
    .by = {PM_BY_NAME},
    .by_count = 1,
    .interpreters = {.word = (char *[]){(char[]){"node"}}, .count = 1},
};

struct world {
  struct pm_select *select;
  struct pm_classifier classifier;
};

static int begin(void **state) {
  static struct world w;
  struct pm_err err = PM_ERR_INIT;
  assert_int_equal(pm_select_new(&by_name, &w.select, &err), 0);
  pm_classify_init(&w.classifier, w.select);
  *state = &w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_classify_done(&w->classifier);
  pm_select_free(w->select);
  return 0;
}

/* A living process: comm is the first 15 bytes of its program. */
static void live(struct world *w, const char *program) {
  char comm[PM_COMM] = "", exe[PM_PROGRAM];
  struct pm_choice choice;
  memcpy(comm, program, strnlen(program, PM_COMM - 1));
  snprintf(exe, sizeof exe, "/usr/bin/%s", program);
  struct pm_evidence e = {.comm = comm, .exe = exe, .cmdline = ""};
  pm_classify(&w->classifier, &e, &choice);
  check_text(program, "alive", choice.key, program);
}

static void ended(struct world *w, const char *comm, const char *relative,
                  const char *want) {
  char padded[PM_COMM] = "";
  struct pm_choice choice;
  memcpy(padded, comm, strnlen(comm, PM_COMM - 1));
  struct pm_evidence e = {.comm = padded, .exe = "", .cmdline = ""};
  struct pm_relative r = {.program = relative};
  pm_classify_ended(&w->classifier, &e, &r, &choice);
  check_text(want, "ended", choice.key, want);
}

static void ended_ones(void **state) {
  struct world *w = *state;
  ended(w, "cron", NULL, "cron");
  ended(w, "a-very-long-name", NULL, "a-very-long-nam");
  live(w, "a-very-long-name");
  ended(w, "a-very-long-name", NULL, "a-very-long-name");
  live(w, "a-very-long-named");
  ended(w, "a-very-long-name", NULL, "a-very-long-named"); /* as last found */
  ended(w, "python3", "report.py", "report.py");
  check_end();
}

/* A thread's name says nothing of the program, though it is as long as one that
 * was cut: what one of them runs is not what all do. */
static void vague_ones(void **state) {
  struct world *w = *state;
  static const char arguments[] = "node\0/srv/shop.js";
  struct pm_choice choice;
  struct pm_evidence e = {
      .comm = "node-MainThread", .exe = "/usr/bin/node", .cmdline = ""};
  check_true("alive", "its arguments are needed",
             pm_name_needs_exe(e.comm));
  e.cmdline = arguments;
  e.cmdline_length = sizeof arguments;
  pm_classify(&w->classifier, &e, &choice);
  check_text("alive", "name", choice.key, "shop.js");
  ended(w, "node-MainThread", NULL, "node");
  ended(w, "node-MainThread", "shop.js", "shop.js");
  check_end();
}

/* However many programs have cut names, none pushes out another. */
static void many_names(void **state) {
  struct world *w = *state;
  char program[PM_PROGRAM];
  for (int i = 0; i < 2000; i++) {
    snprintf(program, sizeof program, "service-%07d-worker", i);
    live(w, program);
  }
  for (int i = 0; i < 2000; i++) {
    snprintf(program, sizeof program, "service-%07d-worker", i);
    ended(w, program, NULL, program);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(ended_ones, begin, end),
      cmocka_unit_test_setup_teardown(vague_ones, begin, end),
      cmocka_unit_test_setup_teardown(many_names, begin, end),
  };
  return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
