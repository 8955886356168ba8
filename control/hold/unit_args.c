#include "hold/unit_args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "procman-job-"
#define SUFFIX ".service"

enum { STOP_S = 10, DRAIN_S = 80, NICE_MOST = 40 };

/* As systemd.exec(5) names them, by RLIMIT_*. */
static const char *const limit_names[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = "CPU",           [RLIMIT_FSIZE] = "FSIZE",
    [RLIMIT_DATA] = "DATA",         [RLIMIT_STACK] = "STACK",
    [RLIMIT_CORE] = "CORE",         [RLIMIT_RSS] = "RSS",
    [RLIMIT_NPROC] = "NPROC",       [RLIMIT_NOFILE] = "NOFILE",
    [RLIMIT_MEMLOCK] = "MEMLOCK",   [RLIMIT_AS] = "AS",
    [RLIMIT_LOCKS] = "LOCKS",       [RLIMIT_SIGPENDING] = "SIGPENDING",
    [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
    [RLIMIT_RTPRIO] = "RTPRIO",     [RLIMIT_RTTIME] = "RTTIME",
};

/* ---- names ---- */

void hold_unit_name(const char *id, int n, char ret[HOLD_UNIT_NAME]) {
  if (n > 1)
    snprintf(ret, HOLD_UNIT_NAME, PREFIX "%s.%d" SUFFIX, id, n);
  else
    snprintf(ret, HOLD_UNIT_NAME, PREFIX "%s" SUFFIX, id);
}

bool hold_unit_is_name(const char *text) {
  size_t length = strlen(text), rest = strlen(SUFFIX);
  return length < HOLD_UNIT_NAME && length > strlen(PREFIX) + rest &&
         strncmp(text, PREFIX, strlen(PREFIX)) == 0 &&
         strcmp(text + length - rest, SUFFIX) == 0;
}

bool hold_unit_is_plain(const char *path) {
  return path[0] == '/' && !strpbrk(path, "$%");
}

/* ---- arguments ---- */

__attribute__((format(printf, 2, 3))) static void add(struct hold_unit_args *a,
                                                      const char *form, ...) {
  va_list list;
  size_t room = sizeof a->text - a->used;
  if (a->count == HOLD_UNIT_ARGS || !room) {
    a->count = HOLD_UNIT_ARGS + 1; /* noticed at the end */
    return;
  }
  if (a->count > HOLD_UNIT_ARGS)
    return;
  va_start(list, form);
  int length = vsnprintf(a->text + a->used, room, form, list);
  va_end(list);
  if (length < 0 || (size_t)length >= room) {
    a->count = HOLD_UNIT_ARGS + 1;
    return;
  }
  a->at[a->count++] = a->text + a->used;
  a->used += (size_t)length + 1;
}

/* KillMode=process: a holder that dies leaves the job to the next one.
 * RestartPreventExitStatus=: what procman-keep ends with when it is not to be
 * started again (keep/main.c). */
static void add_service(struct hold_unit_args *a, const struct hold_unit *u) {
  static const char *const properties[] = {
      "Type=exec",
      "KillMode=process",
      "Restart=on-failure",
      "RestartSec=100ms",
      "RestartPreventExitStatus=2 3 4",
      "StartLimitIntervalSec=0",
      "NotifyAccess=main",
      "FileDescriptorStoreMax=8",
      "OOMPolicy=continue",
      "CollectMode=inactive-or-failed",
      ("Slice=" HOLD_UNIT_SLICE),
  };
  add(a, "systemd-run");
  add(a, "--quiet");
  add(a, "--no-ask-password");
  add(a, "--unit=%s", u->name);
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
    add(a, "--property=%s", properties[i]);
}

/* Until the holder is killed: it ends the job first, and reads what that has
 * still written. */
static void add_stop(struct hold_unit_args *a, const struct hold_unit *u) {
  uint64_t ns = u->fields->stop_timeout_ns;
  uint64_t s = ns ? ns / 1000000000 + 1 : STOP_S;
  add(a, "--property=TimeoutStopSec=%" PRIu64 "s", s + DRAIN_S);
}

/* The holder itself is a task in the job's control group. */
static void add_group(struct hold_unit_args *a, const struct hold_unit *u) {
  const struct pm_job_fields *f = u->fields;
  if (f->memory_max_bytes)
    add(a, "--property=MemoryMax=%" PRIu64, f->memory_max_bytes);
  if (f->cpu_max_percent)
    add(a, "--property=CPUQuota=%" PRIu32 "%%", f->cpu_max_percent);
  if (f->pids_max)
    add(a, "--property=TasksMax=%" PRIu64, (uint64_t)f->pids_max + 1);
  else
    add(a, "--property=TasksMax=infinity");
}

static void write_limit(char *ret, size_t size, rlim_t value) {
  if (value == RLIM_INFINITY)
    snprintf(ret, size, "infinity");
  else
    snprintf(ret, size, "%" PRIu64, (uint64_t)value);
}

static rlim_t most(int resource, rlim_t value) {
  bool nice = resource == RLIMIT_NICE;
  return nice && value > NICE_MOST ? NICE_MOST : value;
}

static void add_limits(struct hold_unit_args *a, const struct hold_unit *u) {
  char soft[24], hard[24];
  for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
    write_limit(soft, sizeof soft, most(i, u->limits[i].rlim_cur));
    write_limit(hard, sizeof hard, most(i, u->limits[i].rlim_max));
    add(a, "--property=Limit%s=%s:%s", limit_names[i], soft, hard);
  }
}

int hold_unit_list_args(const struct hold_unit *u, struct hold_unit_args *ret) {
  ret->count = ret->used = 0;
  add_service(ret, u);
  add_stop(ret, u);
  add_group(ret, u);
  add_limits(ret, u);
  if (*u->cpus)
    add(ret, "--property=CPUAffinity=%s", u->cpus);
  add(ret, "--");
  add(ret, "%s", u->keep);
  add(ret, "%s", u->folder);
  if (ret->count > HOLD_UNIT_ARGS)
    return -E2BIG;
  ret->at[ret->count] = NULL;
  return 0;
}
