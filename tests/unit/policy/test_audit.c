/* What the log gets, however a client words it and however often. */
#include "policy/audit.h"

#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

static char last[2048];
static unsigned lines;
static enum pm_control_level level;

static void take(enum pm_control_level l, const char *text) {
  level = l;
  lines++;
  snprintf(last, sizeof last, "%s", text);
}

static const struct pm_peer peer = {.uid = 5, .gid = 6, .pid = 7, .user = 5};
static struct pm_rate_limits rate_limits;
static struct pm_audit audit;

static int begin(void **state) {
  (void)state;
  rate_limits = (struct pm_rate_limits){0};
  audit = (struct pm_audit){.log = take, .rate_limits = &rate_limits};
  lines = 0;
  last[0] = '\0';
  return 0;
}

static struct pm_audit_line line_of(const char *said) {
  return (struct pm_audit_line){.peer = &peer,
                                .method = "kill_process",
                                .verdict = "done",
                                .as = 8,
                                .pid = 9,
                                .start_time = 10,
                                .what = "TERM",
                                .said = said};
}

static void fields(void **state) {
  (void)state;
  struct pm_audit_line line = line_of("process");
  pm_audit_done(&audit, &line);
  check_text("all", "text", last,
             "audit: method=kill_process verdict=done uid=5 gid=6 peer=7 as=8 "
             "pid=9 start_time=10 what=TERM said=\"process\"");
  check_int("done", "level", level, PM_CONTROL_INFO);
  line.what = line.said = NULL;
  pm_audit_refused(&audit, (struct pm_now){.mono = 1}, &line);
  check_text("none", "text", strstr(last, "what="), "what=- said=\"\"");
  check_int("refused", "level", level, PM_CONTROL_NOTICE);
  check_end();
}

#define X16 "xxxxxxxxxxxxxxxx"

static void words(void **state) {
  (void)state;
  static const struct {
    const char *said, *written;
  } rows[] = {
      {"", ""},
      {"plain words ~", "plain words ~"},
      {"a\nb", "a\\x0ab"},
      {"\" uid=0", "\\x22 uid=0"},
      {"\\x22", "\\x5cx22"},
      {"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
      {"\xc3\xa4\xff", "\\xc3\\xa4\\xff"},
      {"%s%n", "%s%n"},
      {X16 X16 X16 X16, X16 X16 X16 X16},
      {X16 X16 X16 X16 "y", X16 X16 X16 X16},
      {X16 X16 X16 "xxxxxxxxxxxxxxx\ny", X16 X16 X16 "xxxxxxxxxxxxxxx\\x0a"},
  };
  char text[256];
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_audit_line line = line_of(rows[i].said);
    snprintf(text, sizeof text, " said=\"%s\"", rows[i].written);
    pm_audit_done(&audit, &line);
    check_text(rows[i].said, "written", strstr(last, " said="), text);
  }
  char all[201];
  memset(all, '\n', 200);
  all[200] = '\0';
  struct pm_audit_line line = line_of(all);
  pm_audit_done(&audit, &line);
  check_u64("200 line feeds", "bytes", strlen(strstr(last, "said=\"") + 6),
            64 * 4 + 1);
  check_end();
}

static struct pm_now at(double seconds) {
  return (struct pm_now){.mono = (uint64_t)(seconds * (double)PM_NS_PER_S)};
}

static void refuse(const struct pm_peer *who, double seconds) {
  struct pm_audit_line line = line_of("x");
  line.verdict = "permission_denied";
  line.peer = who;
  pm_audit_refused(&audit, at(seconds), &line);
}

static void often(void **state) {
  (void)state;
  static unsigned written[200000]; /* lines up to each 10 ms */
  for (unsigned i = 0; i < CHECK_COUNT(written); i++) {
    refuse(&peer, 100 + i * 0.01);
    written[i] = lines;
  }
  check_u64("at once", "lines", written[0] + written[10], 1 + 5);
  unsigned most = 0;
  for (unsigned i = 6000; i < CHECK_COUNT(written); i++)
    most = written[i] - written[i - 6000] > most
               ? written[i] - written[i - 6000]
               : most;
  check_true("the first minute", "ten at most", written[5999] <= 10);
  check_true("any minute", "ten at most", most <= 10);
  check_true("2000 s", "some are written", lines > 160);
  unsigned before = lines;
  struct pm_audit_line line = line_of("x");
  for (int i = 0; i < 1000; i++)
    pm_audit_done(&audit, &line);
  check_u64("what is done", "is always written", lines, before + 1000);
  check_end();
}

static void summary(void **state) {
  (void)state;
  static const struct pm_peer other = {.uid = 99, .user = 99};
  check_u64("nothing", "next", pm_audit_next(&audit), 0);
  for (int i = 0; i < 15; i++)
    refuse(&peer, 100 + i);
  check_u64("15", "lines", lines, 5 + 1); /* one more was earned meanwhile */
  refuse(&other, 150);
  check_u64("another's", "are his own", lines, 7);
  check_u64("9 more", "next", pm_audit_next(&audit), at(165).mono);
  pm_audit_sweep(&audit, at(164.9));
  check_u64("too soon", "lines", lines, 7);
  pm_audit_sweep(&audit, at(165));
  check_u64("a minute", "lines", lines, 8);
  check_int("a minute", "level", level, PM_CONTROL_NOTICE);
  check_text("a minute", "summary", last,
             "audit: 9 further refusals were not written");
  check_u64("said", "next", pm_audit_next(&audit), 0);
  pm_audit_sweep(&audit, at(300));
  check_u64("said", "once", lines, 8);
  for (int i = 0; i < 6; i++)
    refuse(&peer, 400);
  pm_audit_sweep(&audit, at(460));
  check_text("another", "counts anew", last,
             "audit: 1 further refusals were not written");
  check_end();
}

/* Sub-uids of one user are one. */
static void many_uids(void **state) {
  (void)state;
  for (uint32_t uid = 100000; uid < 100100; uid++) {
    struct pm_peer one = {.uid = uid, .user = 1000};
    refuse(&one, 100);
  }
  check_u64("100 uids of one user", "lines", lines, 5);
  check_end();
}

static void closed(void **state) {
  (void)state;
  pm_audit_closed(&audit, at(100), &peer, "it has not read for 10 s");
  check_text("closed", "line", last,
             "the control socket closes the connection of pid 7, uid 5: it has "
             "not read for 10 s");
  check_int("closed", "level", level, PM_CONTROL_NOTICE);
  for (int i = 0; i < 100; i++)
    pm_audit_closed(&audit, at(100), &peer, "again");
  check_u64("often", "lines", lines, 5);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup(test, begin)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(fields),  HERE(words),     HERE(often),
      HERE(summary), HERE(many_uids), HERE(closed),
  };
  return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
