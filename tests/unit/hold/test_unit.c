/* The command line of systemd-run that starts a holder, and what systemctl says
 * of it. */
#include "hold/unit.h"

#include "unit/support/check.h"

#include <errno.h>
#include <string.h>

static struct rlimit limits[RLIM_NLIMITS];
static struct hold_unit_args args;

static int list(struct pm_job_fields f, const char *cpus, const char *folder) {
  struct hold_unit u = {.name = "procman-job-a.service",
                        .keep = "/k",
                        .folder = folder,
                        .cpus = cpus,
                        .fields = &f,
                        .limits = limits};
  for (size_t i = 0; i < RLIM_NLIMITS; i++)
    limits[i] = (struct rlimit){i, RLIM_INFINITY};
  limits[RLIMIT_NICE] = (struct rlimit){0, 64};
  return hold_unit_list_args(&u, &args);
}

static bool has(const char *text) {
  for (size_t i = 0; i < args.count; i++)
    if (strcmp(args.at[i], text) == 0)
      return true;
  return false;
}

/* Nothing of them may be missing: with the defaults of systemd a job dies with
 * its holder, and its pipes are forgotten. */
static void properties(void **state) {
  (void)state;
  static const char *const want[] = {
      "--unit=procman-job-a.service",
      "--property=Type=exec",
      "--property=KillMode=process",
      "--property=Restart=on-failure",
      "--property=RestartSec=100ms",
      "--property=RestartPreventExitStatus=2 3 4",
      "--property=StartLimitIntervalSec=0",
      "--property=NotifyAccess=main",
      "--property=FileDescriptorStoreMax=8",
      "--property=OOMPolicy=continue",
      "--property=CollectMode=inactive-or-failed",
      "--property=Slice=procman.slice",
      "--property=TimeoutStopSec=90s",
      "--property=TasksMax=infinity",
      "--property=LimitCPU=0:infinity",
      "--property=LimitNOFILE=7:infinity",
      "--property=LimitNICE=0:40",
  };
  check_int("all", "status", list((struct pm_job_fields){.nice = 0}, "", "/d"),
            0);
  for (size_t i = 0; i < CHECK_COUNT(want); i++)
    check_int(want[i], "is there", has(want[i]), true);
  check_text("the command", "keep", args.at[args.count - 2], "/k");
  check_text("the command", "folder", args.at[args.count - 1], "/d");
  check_text("the command", "mark", args.at[args.count - 3], "--");
  check_int("the end", "NULL", args.at[args.count] == NULL, true);
  check_end();
}

static void of_a_job(void **state) {
  (void)state;
  static const struct {
    const char *name, *cpus;
    struct pm_job_fields fields;
    const char *want;
  } rows[] = {
      {"memory",
       "",
       {.memory_max_bytes = 1 << 20},
       "--property=MemoryMax=1048576"},
      {"CPU", "", {.cpu_max_percent = 150}, "--property=CPUQuota=150%"},
      {"with the holder", "", {.pids_max = 5}, "--property=TasksMax=6"},
      {"CPUs", "0,3", {.nice = 0}, "--property=CPUAffinity=0,3"},
      {"a long stop",
       "",
       {.stop_timeout_ns = 600500000000},
       "--property=TimeoutStopSec=681s"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_int(rows[i].name, "status", list(rows[i].fields, rows[i].cpus, "/d"),
              0);
    check_int(rows[i].name, "is there", has(rows[i].want), true);
  }
  check_end();
}

static void too_long(void **state) {
  (void)state;
  static char path[HOLD_UNIT_TEXT];
  struct pm_job_fields most = {.memory_max_bytes = UINT64_MAX,
                               .cpu_max_percent = UINT32_MAX,
                               .pids_max = UINT32_MAX,
                               .stop_timeout_ns = UINT64_MAX};
  memset(path, '/', 2000);
  check_int("all that there can be", "status", list(most, "0,1", path), 0);
  memset(path, '/', sizeof path - 1);
  check_int("a path", "status", list(most, "0,1", path), -E2BIG);
  check_end();
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is, plain;
  } rows[] = {
      {"procman-job-a.service", true, false},
      {"procman-job-a.2.service", true, false},
      {"procman-job-.service", false, false},
      {"procman-job-a.scope", false, false},
      {"xprocman-job-a.service", false, false},
      {"a", false, false},
      {"/a/b", false, true},
      {"/a/$b", false, false},
      {"/a/%b", false, false},
  };
  char name[HOLD_UNIT_NAME];
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_int(rows[i].text, "unit", hold_unit_is_name(rows[i].text),
              rows[i].is);
    check_int(rows[i].text, "plain", hold_unit_is_plain(rows[i].text),
              rows[i].plain);
  }
  hold_unit_name("a-1", 1, name);
  check_text("the first", "name", name, "procman-job-a-1.service");
  hold_unit_name("a-1", 3, name);
  check_text("in use", "name", name, "procman-job-a-1.3.service");
  check_end();
}

static void shown(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int status;
    bool loaded;
    long restarts;
  } rows[] = {
      {"NRestarts=3\nLoadState=loaded\n", 0, true, 3},
      {"LoadState=not-found\nNRestarts=0\n", 0, false, 0},
      {"LoadState=not-found\n", 0, false, 0},
      {"", -EBADMSG, false, 0},
      {"Failed to connect to bus", -EBADMSG, false, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    bool loaded = false;
    long restarts = 0;
    check_int(rows[i].text, "status",
              hold_unit_read(rows[i].text, &loaded, &restarts), rows[i].status);
    check_int(rows[i].text, "loaded", loaded, rows[i].loaded);
    check_int(rows[i].text, "restarts", restarts, rows[i].restarts);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(properties), cmocka_unit_test(of_a_job),
      cmocka_unit_test(too_long),   cmocka_unit_test(names),
      cmocka_unit_test(shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
