#include "base/clean.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "cli/value.h"
#include "wire/signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct target {
  struct ctl_target of;
  char name[64]; /* "" if it is not known */
};

struct kill_options {
  const char *signal;
  double timeout; /* NaN: do not wait */
  bool group;
};

/* The name is for people; with the start time the signal cannot hit a process
 * that gets the PID in between.  If the process is not found, the server says
 * why when it is asked to signal it; a job that is not there may be a typing
 * error. */
static enum ctl_status look_up_target(struct ctl *ctl, struct target *t) {
  struct ctl_params params = {.count = 0};
  const struct pm_json *result;
  ctl_target_put(&t->of, &params);
  if (t->of.job)
    return ctl_call(ctl, "get_job", &params, 0, &result);
  enum ctl_status status =
      ctl_call_quietly(ctl, "get_process_info", &params, &result);
  if (status)
    return status;
  const struct pm_json *process = pm_json_member(result, "process");
  const char *name = ctl_text(process, "name");
  const struct pm_json *start = pm_json_member(process, "start_time");
  snprintf(t->name, sizeof t->name, "%s", name ? name : "");
  if (t->of.start < 0 && start && start->type == PM_JSON_INTEGER)
    t->of.start = start->integer;
  return CTL_DONE;
}

static void print_target(const struct target *t) {
  PM_CLEAN_MEM char *name = ctl_escaped(t->of.job ? t->of.job : t->name);
  if (t->of.job)
    printf("job %s", name);
  else if (*name)
    printf("pid %lld (%s)", (long long)t->of.pid, name);
  else
    printf("pid %lld", (long long)t->of.pid);
}

static void print_outcome(const struct kill_options *o,
                          const struct pm_json *result) {
  bool escalated =
      ctl_is_true(pm_json_member(result, "signalled"), "escalated");
  char wait[CTL_WORD];
  snprintf(wait, sizeof wait, "%g", o->timeout);
  if (escalated)
    printf("; KILL after %s s", wait);
  if (ctl_is_true(result, "exited"))
    printf("; it has ended");
  else if (ctl_is_false(result, "exited"))
    printf("; it has not ended");
}

static void print_done(const struct target *t, const struct kill_options *o,
                       const struct pm_json *result) {
  const struct pm_json *signalled = pm_json_member(result, "signalled");
  const char *name = ctl_text(signalled, "signal");
  double count = ctl_number(signalled, "processes");
  char *word = ctl_escaped(name ? name : o->signal);
  if (strcmp(word, "0") == 0)
    printf("you may signal ");
  else
    printf("sent %s to ", word);
  if (o->group)
    printf("%.0f process%s of the process group of ", count,
           count == 1 ? "" : "es");
  print_target(t);
  print_outcome(o, result);
  putchar('\n');
  free(word);
}

/* ---- all of them at once ---- */

struct kill {
  struct ctl *ctl;
  const struct kill_options *options;
  struct target *targets;
};

static void make_params(void *arg, size_t i, struct ctl_params *ret) {
  const struct kill *k = arg;
  const struct kill_options *o = k->options;
  ctl_target_put(&k->targets[i].of, ret);
  ctl_params_text(ret, "signal", o->signal);
  if (isfinite(o->timeout))
    ctl_params_number(ret, "timeout_seconds", o->timeout);
  ctl_params_text(ret, "scope", o->group ? "process_group" : NULL);
}

static enum ctl_status on_killed(void *arg, size_t i,
                                 const struct pm_json *result) {
  const struct kill *k = arg;
  if (k->ctl->json)
    ctl_print_json(k->ctl, result);
  else
    print_done(&k->targets[i], k->options, result);
  return ctl_is_false(result, "exited") ? CTL_FAILED : CTL_DONE;
}

/* So that several with -t are waited for together. */
static enum ctl_status kill_all(struct ctl *ctl, const struct kill_options *o,
                                struct target *targets, size_t count) {
  enum { ACTS_A_SECOND = 5 }; /* the server makes more of them wait */
  struct kill k = {ctl, o, targets};
  struct ctl_batch batch = {.method = "kill_process",
                            .count = count,
                            .seconds = (isfinite(o->timeout) ? o->timeout : 0) +
                                       (double)count / ACTS_A_SECOND,
                            .params = make_params,
                            .done = on_killed,
                            .arg = &k};
  for (size_t i = 0; i < count; i++) {
    enum ctl_status status = look_up_target(ctl, &targets[i]);
    if (status && (!ctl->client || targets[i].of.job)) /* or no connection */
      return status;
  }
  return ctl_call_each(ctl, &batch);
}

static bool read_kill_options(const struct ctl_args *args,
                              struct kill_options *ret) {
  *ret = (struct kill_options){.signal = ctl_args_value(args, 's'),
                               .timeout = (double)NAN,
                               .group = ctl_args_given(args, 'G')};
  if (!ret->signal)
    ret->signal = "TERM";
  if (pm_signal_number(ret->signal) >= 0)
    return ctl_args_number(args, 't', 0.1, 3600, &ret->timeout);
  ctl_warn("-s %s: there is no such signal; kill -l lists them", ret->signal);
  return false;
}

/* All operands are parsed, and all jobs found, before the first process is
 * signalled, so a typing error kills nothing. */
static enum ctl_status run_kill(struct ctl *ctl, const struct ctl_args *args) {
  struct kill_options options;
  if (!read_kill_options(args, &options))
    return CTL_USAGE;
  PM_CLEAN_MEM struct target *targets = calloc(args->count, sizeof *targets);
  if (!targets)
    ctl_out_of_memory();
  for (size_t i = 0; i < args->count; i++)
    if (!ctl_target_read(args->operands[i], &targets[i].of))
      return CTL_USAGE;
  return kill_all(ctl, &options, targets, args->count);
}

static const struct ctl_option option_table[] = {
    {'s', "signal", "SIGNAL", CTL_OFFER_SIGNALS,
     "name or number (default: TERM); 0 only checks whether you may"},
    {'t', "timeout", "SECONDS", CTL_OFFER_NOTHING,
     "wait this long for the process to end, then send KILL"},
    {'G', "process-group", NULL, CTL_OFFER_NOTHING,
     "signal the whole process group of each"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_kill = {
    .name = "kill",
    .operands = "PID[@START]|JOB...",
    .least = 1,
    .most = (size_t)-1,
    .offer = CTL_OFFER_TARGETS,
    .what = "signals processes as your user (the kernel decides whether you "
            "may), or jobs",
    .options = option_table,
    .signals = true,
    .run = run_kill,
};
