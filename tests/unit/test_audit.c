/* What the log gets, however a client words it and however often. */
#include "audit.h"

#include "unit/check.h"

#include <stdlib.h>
#include <string.h>

static char last[2048], counted[2048];
static unsigned lines;
static enum pm_control_level level;

static void take(enum pm_control_level l, const char *text) {
  level = l;
  lines++;
  snprintf(last, sizeof last, "%s", text);
  if (strstr(text, "further"))
    snprintf(counted, sizeof counted, "%s", text);
}

static const struct pm_peer peer = {.uid = 5, .gid = 6, .pid = 7};
static struct pm_buckets buckets;
static struct pm_audit audit;

static int begin(void **state) {
  (void)state;
  buckets = (struct pm_buckets){0};
  audit = (struct pm_audit){.log = take, .buckets = &buckets};
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

static void refuse(double seconds) {
  struct pm_audit_line line = line_of("x");
  line.verdict = "permission_denied";
  pm_audit_refused(
      &audit,
      (struct pm_now){.mono = (uint64_t)(seconds * (double)PM_NS_PER_S)},
      &line);
}

static void often(void **state) {
  (void)state;
  for (int i = 0; i < 1000; i++)
    refuse(100 + i * 0.001);
  check_u64("1000 in a second", "lines", lines, 10);
  refuse(159);
  check_u64("59 s later", "lines", lines, 11);
  check_true("59 s later", "no summary", !strstr(last, "further"));
  lines = 0;
  refuse(161);
  check_u64("61 s later", "the summary, and the line", lines, 2);
  for (int i = 0; i < 20; i++)
    refuse(161.5);
  lines = 0;
  refuse(163);
  check_u64("soon again", "nothing", lines, 0);
  for (int i = 0; i < 1000; i++)
    refuse(170 + i);
  check_true("1000 s", "about ten a minute, and a summary each",
             lines > 165 && lines < 200);
  for (int i = 0; i < 1000; i++) {
    struct pm_audit_line line = line_of("x");
    pm_audit_done(&audit, &line);
  }
  check_true("what is done", "is always written", lines >= 1165);
  check_end();
}

static void summary(void **state) {
  (void)state;
  struct pm_audit_line line = line_of("x");
  for (int i = 0; i < 15; i++)
    refuse(100);
  line.peer = &(const struct pm_peer){.uid = 99};
  check_u64("15", "lines", lines, 10);
  pm_audit_refused(&audit, (struct pm_now){.mono = 150 * PM_NS_PER_S}, &line);
  check_u64("another's", "are his own", lines, 11);
  for (int i = 0; i < 20; i++)
    pm_audit_refused(&audit, (struct pm_now){.mono = 159 * PM_NS_PER_S}, &line);
  /* his ten are used up: what comes next is the summary alone */
  lines = 0;
  pm_audit_refused(&audit, (struct pm_now){.mono = 160 * PM_NS_PER_S}, &line);
  check_u64("a minute", "lines", lines, 1);
  check_text("a minute", "summary", last,
             "audit: 15 further refusals were not written");
  pm_audit_refused(&audit, (struct pm_now){.mono = 221 * PM_NS_PER_S}, &line);
  check_u64("another", "with its line", lines, 3);
  check_text("another", "counts anew", counted,
             "audit: 1 further refusals were not written");
  check_end();
}

#define HERE(test) cmocka_unit_test_setup(test, begin)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(fields),
      HERE(words),
      HERE(often),
      HERE(summary),
  };
  return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
