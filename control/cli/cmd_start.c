#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/log.h"
#include "cli/start_params.h"
#include "cli/value.h"

#include "base/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said of it ---- */

static void print_started(const struct pm_json *result) {
  const struct pm_json *job = pm_json_member(result, "job");
  double pid = ctl_number(job, "pid");
  char end[CTL_JOB_END];
  ctl_job_print(
      ctl_is_true(result, "existing") ? "was started before:" : "started", job);
  ctl_job_end(job, end);
  PM_CLEAN_MEM char *how = ctl_escaped(end);
  if (isfinite(pid))
    printf(", pid %.0f", pid);
  else if (strcmp(how, "-") != 0)
    printf("; it has ended: %s", how);
  putchar('\n');
}

static void print_id(const struct pm_json *result) {
  PM_CLEAN_MEM char *id = ctl_escaped(ctl_text(result, "job_id"));
  puts(id);
}

static void print_result(const struct ctl *ctl, const struct ctl_args *args,
                         const struct pm_json *result) {
  if (ctl->json)
    ctl_print_json(ctl, result);
  else if (ctl_args_given(args, 'q'))
    print_id(result);
  else
    print_started(result);
  if (ctl_is_false(result, "survives_restart") &&
      ctl_job_is_alive(pm_json_member(result, "job")))
    ctl_warn("start: the job ends with collectd's unit, unless that has "
             "KillMode=process");
  ctl_flush();
}

static void help_with(const char *stage, const struct ctl_args *args) {
  if (!stage)
    return;
  if (strcmp(stage, "chdir") == 0 && !ctl_args_given(args, 'C'))
    ctl_warn("start: its user must be able to enter this folder; -C / would "
             "start it in another one");
  if (strcmp(stage, "cgroup") == 0)
    ctl_warn("start: collectd has no control group with that limit for it; "
             "limits of a single process, such as as, need none");
}

/* ---- and then ---- */

static enum ctl_status follow(struct ctl *ctl, const char *id,
                              const char *name) {
  struct ctl_params params = {.count = 0};
  struct ctl_log log = {.ctl = ctl, .job = name, .quiet = true};
  ctl_params_text(&params, "job_id", id);
  ctl_params_text(&params, "cursor", "start");
  ctl_params_boolean(&params, "detail", !ctl->json);
  enum ctl_status status = ctl_log_follow(&log, &params);
  return status ? status : ctl_job_wait(ctl, id, (double)NAN);
}

static char *copy_text(const struct pm_json *object, const char *member) {
  const char *text = ctl_text(object, member);
  char *copy = strdup(text ? text : "");
  if (!copy)
    ctl_out_of_memory();
  return copy;
}

static enum ctl_status run_start(struct ctl *ctl, const struct ctl_args *args) {
  enum { START_S = 60 }; /* besides the usual: the server's own patience */
  struct ctl_start start;
  const struct pm_json *result = NULL;
  if (!ctl_start_read(ctl, args, &start))
    return CTL_USAGE;
  enum ctl_status status =
      ctl_call(ctl, "start_process", &start.params, START_S, &result);
  if (status) {
    help_with(ctl_text(pm_json_member(result, "error"), "stage"), args);
    return status;
  }
  print_result(ctl, args, result);
  PM_CLEAN_MEM char *id = copy_text(result, "job_id");
  PM_CLEAN_MEM char *name = copy_text(pm_json_member(result, "job"), "name");
  return ctl_args_given(args, 'f') ? follow(ctl, id, name) : CTL_DONE;
}

static const struct ctl_option options[] = {
    {'e', "env", "NAME[=VALUE]", CTL_OFFER_NOTHING,
     "a variable of its environment, without =VALUE with the value that it has "
     "here; no others of yours are passed on; may be repeated"},
    {'C', "chdir", "DIR", CTL_OFFER_FILES,
     "its working folder (default: this one; with -H: /)"},
    {'n', "name", "NAME", CTL_OFFER_NOTHING,
     "of the job (default: that of the command)"},
    {'u', "user", "USER", CTL_OFFER_USERS, "run it as this user, if you may"},
    {'r', "restart", "POLICY[:N]", CTL_OFFER_POLICIES,
     "when it ends: no (default), on-failure or always; give up after N "
     "failures in a row"},
    {'b', "backoff", "SECONDS", CTL_OFFER_NOTHING,
     "before the first restart; doubled with each failure (default: 0.1)"},
    {'l', "limit", "NAME=VALUE", CTL_OFFER_LIMITS,
     "a resource limit, such as nofile=1024 or as=2G; may be repeated"},
    {'i', "stdin", "FILE", CTL_OFFER_FILES,
     "its standard input (default: /dev/null)"},
    {'m', "umask", "MASK", CTL_OFFER_NOTHING, "octal (default: 022)"},
    {'E', "merge-stderr", NULL, CTL_OFFER_NOTHING,
     "standard error goes where standard output goes"},
    {'t', "stop-timeout", "SECONDS", CTL_OFFER_NOTHING,
     "from TERM to KILL when it is stopped (default: 10)"},
    {'k', "key", "KEY", CTL_OFFER_NOTHING,
     "any text: what was started with it before is not started again"},
    {'f', "follow", NULL, CTL_OFFER_NOTHING,
     "then show what it prints, and exit as it does"},
    {'q', "quiet", NULL, CTL_OFFER_NOTHING, "print only the job's id"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_start = {
    .name = "start",
    .operands = "[--] COMMAND [ARGUMENT...]",
    .least = 1,
    .most = (size_t)-1,
    .offer = CTL_OFFER_PROGRAMS,
    .what = "starts a program as a job, which outlives collectd and keeps what "
            "it prints",
    .options = options,
    .verbatim = true,
    .run = run_start,
};
