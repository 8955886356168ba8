#include "cli/job.h"

#include "cli/args.h"
#include "cli/call.h"
#include "cli/value.h"
#include "wire/signal.h"

#include "base/clean.h"

#include <math.h>
#include <string.h>

/* ---- how it ended ---- */

void ctl_job_end(const struct pm_json *job, char ret[CTL_JOB_END]) {
  const struct pm_json *end = pm_json_member(job, "exit");
  const char *signal = ctl_text(end, "signal");
  const char *stage = ctl_text(end, "stage"), *num = ctl_text(end, "errno");
  const char *memory = ctl_is_true(end, "oom") ? ", out of memory" : "";
  double code = ctl_number(end, "code");
  if (isfinite(code))
    snprintf(ret, CTL_JOB_END, "code %.0f%s", code, memory);
  else if (signal)
    snprintf(ret, CTL_JOB_END, "signal %.32s%s%s", signal,
             ctl_is_true(end, "core") ? ", core dumped" : "", memory);
  else if (ctl_is_true(end, "not_started"))
    snprintf(ret, CTL_JOB_END, "not started: %.32s, %.32s", stage ? stage : "?",
             num ? num : "?");
  else
    snprintf(ret, CTL_JOB_END, "%s",
             end && end->type == PM_JSON_OBJECT ? "unknown" : "-");
}

int ctl_job_exit_status(const struct pm_json *job) {
  enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNALLED = 128 };
  const struct pm_json *end = pm_json_member(job, "exit");
  const char *signal = ctl_text(end, "signal"), *num = ctl_text(end, "errno");
  double code = ctl_number(end, "code");
  int number = signal ? pm_signal_number(signal) : -1;
  if (code >= 0 && code <= 255)
    return (int)code;
  if (number > 0)
    return SIGNALLED + number;
  if (ctl_is_true(end, "not_started"))
    return num && strcmp(num, "ENOENT") == 0 ? NOT_FOUND : NOT_EXECUTABLE;
  return CTL_NO_WAIT;
}

bool ctl_job_is_alive(const struct pm_json *job) {
  static const char *const ended[] = {"draining", "exited", "lost_by_reboot"};
  const char *state = ctl_text(job, "state");
  for (size_t i = 0; state && i < sizeof ended / sizeof *ended; i++)
    if (strcmp(state, ended[i]) == 0)
      return false;
  return state;
}

const char *ctl_job_colour(const struct pm_json *job) {
  const char *state = ctl_text(job, "state");
  const char *reason = ctl_text(job, "reason");
  if (state && strcmp(state, "running") == 0)
    return "32";
  if (ctl_job_is_alive(job) || (reason && strcmp(reason, "stopped") == 0))
    return state && strcmp(state, "backing_off") == 0 ? "33" : "";
  return ctl_job_exit_status(job) == 0 ? "" : "31";
}

void ctl_job_print(const char *verb, const struct pm_json *job) {
  PM_CLEAN_MEM char *name = ctl_escaped(ctl_text(job, "name"));
  PM_CLEAN_MEM char *id = ctl_escaped(ctl_text(job, "job_id"));
  printf("%s %s (%s)", verb, name, id);
}

/* ---- waiting ---- */

static bool timed_out(const struct pm_json *result) {
  const char *code = ctl_text(pm_json_member(result, "error"), "code");
  return code && strcmp(code, "timed_out") == 0;
}

static void print_end(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *job = pm_json_member(result, "job");
  char end[CTL_JOB_END];
  ctl_job_end(job, end);
  PM_CLEAN_MEM char *word = ctl_escaped(end);
  if (ctl->json) {
    ctl_print_json(ctl, result);
  } else if (ctl->screen.terminal) {
    ctl_job_print("ended", job);
    printf(": %s\n", word);
  }
  if (ctl_job_exit_status(job) == CTL_NO_WAIT)
    ctl_warn("wait: nobody knows how the job ended (%s)", end);
}

enum ctl_status ctl_job_wait(struct ctl *ctl, const char *job, double timeout) {
  struct ctl_params params = {.count = 0};
  const struct pm_json *result = NULL;
  ctl_params_text(&params, "job_id", job);
  if (isfinite(timeout))
    ctl_params_number(&params, "timeout_seconds", timeout);
  enum ctl_status status =
      ctl_call(ctl, "wait_job", &params,
               isfinite(timeout) ? timeout : (double)INFINITY, &result);
  if (status)
    return timed_out(result) ? CTL_TIMED_OUT : CTL_NO_WAIT;
  print_end(ctl, result);
  return (enum ctl_status)ctl_job_exit_status(pm_json_member(result, "job"));
}

/* ---- several ---- */

struct batch {
  struct ctl *ctl;
  char **words;
  double timeout; /* NaN: not given */
  void (*show)(const char *word, const struct pm_json *job);
};

static void make_params(void *arg, size_t i, struct ctl_params *ret) {
  const struct batch *b = arg;
  ctl_params_text(ret, "job_id", b->words[i]);
  if (isfinite(b->timeout))
    ctl_params_number(ret, "timeout_seconds", b->timeout);
}

static enum ctl_status on_done(void *arg, size_t i,
                               const struct pm_json *result) {
  const struct batch *b = arg;
  if (b->ctl->json)
    ctl_print_json(b->ctl, result);
  else
    b->show(b->words[i], pm_json_member(result, "job"));
  return CTL_DONE;
}

enum ctl_status ctl_job_call_each(struct ctl *ctl, const struct ctl_args *args,
                                  const char *method,
                                  void (*show)(const char *word,
                                               const struct pm_json *job)) {
  enum { LONGEST = 3600 }; /* of a job's own timeout */
  struct batch b = {ctl, args->operands, (double)NAN, show};
  if (!ctl_args_number(args, 't', 0.1, LONGEST, &b.timeout))
    return CTL_USAGE;
  struct ctl_batch batch = {.method = method,
                            .count = args->count,
                            .seconds =
                                isfinite(b.timeout) ? b.timeout : LONGEST,
                            .params = make_params,
                            .done = on_done,
                            .arg = &b};
  return ctl_call_each(ctl, &batch);
}
