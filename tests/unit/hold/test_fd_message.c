/* What the store of descriptors understands. */
#include "hold/fd_message.h"

#include "unit/support/check.h"

#include <string.h>

static void understood(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum hold_fd_verb verb;
    const char *job, *name;
  } rows[] = {
      {"FDSTORE=1\nFDPOLL=0\nFDNAME=out\nX_PROCMAN_JOB=a", HOLD_FD_PUT, "a",
       "out"},
      {"X_PROCMAN_JOB=job-1\nFDNAME=workload-12\nFDSTORE=1\n", HOLD_FD_PUT,
       "job-1", "workload-12"},
      {"FDSTOREREMOVE=1\nFDNAME=err\nX_PROCMAN_JOB=a", HOLD_FD_DROP, "a",
       "err"},
      {"X_PROCMAN_ASK=1\nX_PROCMAN_JOB=a", HOLD_FD_TELL, "a", ""},
      {"READY=1\nFDSTORE=1\nSTATUS=x\nFDNAME=out\nX_PROCMAN_JOB=a\nMAINPID=7",
       HOLD_FD_PUT, "a", "out"},
      {"FDSTORE=1\n\n\nFDNAME=out\nX_PROCMAN_JOB=a\n\n", HOLD_FD_PUT, "a",
       "out"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_fd_message got = {.verb = HOLD_FD_PUT};
    bool is = hold_fd_message_read(rows[i].text, strlen(rows[i].text), &got);
    check_true(rows[i].text, "understood", is);
    check_int(rows[i].text, "verb", got.verb, rows[i].verb);
    check_text(rows[i].text, "job", got.job, rows[i].job);
    check_text(rows[i].text, "name", got.name, rows[i].name);
  }
  check_end();
}

#define LONG_ID "a123456789a123456789a123456789a123456789a123456789"

static void refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "\n",
      "READY=1",
      "FDSTORE=1\nFDNAME=out",                     /* whose? */
      "FDSTORE=1\nX_PROCMAN_JOB=a",                /* what? */
      "FDNAME=out\nX_PROCMAN_JOB=a",               /* and then? */
      "FDSTORE=2\nFDNAME=out\nX_PROCMAN_JOB=a",    /* not that */
      "FDSTORE=11\nFDNAME=out\nX_PROCMAN_JOB=a",   /* nor that */
      "FDSTORE=1\nFDNAME=o:ut\nX_PROCMAN_JOB=a",   /* stands for two */
      "FDSTORE=1\nFDNAME=\nX_PROCMAN_JOB=a",       /* ends the list */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=../a", /* no id */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=12",   /* a pid */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=a/b",  /* elsewhere */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=.",    /* the folder */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=",     /* nobody */
      "FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=" LONG_ID,
      "FDSTORE=1\nFDNAME=" LONG_ID "\nX_PROCMAN_JOB=a",
      "FDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=out\nX_PROCMAN_JOB=a",
      "X_PROCMAN_ASK=1\nFDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=a",
      "X_PROCMAN_ASK=1",
      "xFDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=a",
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_fd_message got = {.job = "untouched"};
    check_true(rows[i], "refused",
               !hold_fd_message_read(rows[i], strlen(rows[i]), &got));
    check_text(rows[i], "untouched", got.job, "untouched");
  }
  static const char nul[] = "FDSTORE=1\nFDNAME=o\0t\nX_PROCMAN_JOB=a";
  struct hold_fd_message got;
  check_true("a NUL", "refused",
             !hold_fd_message_read(nul, sizeof nul - 1, &got));
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(understood),
      cmocka_unit_test(refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
