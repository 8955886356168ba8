#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/target.h"
#include "cli/when.h"

static bool take_time(const struct ctl_args *args, char letter,
                      const char *name, struct ctl_params *params) {
  const char *text = ctl_args_value(args, letter);
  double seconds;
  if (!text)
    return true;
  if (!ctl_when_read(text, letter, &seconds))
    return false;
  ctl_params_number(params, name, seconds);
  return true;
}

static bool take_options(const struct ctl_args *args,
                         struct ctl_params *params) {
  int64_t lines = -1;
  bool out = ctl_args_given(args, '1'), err = ctl_args_given(args, '2');
  if (!ctl_args_integer(args, 'n', 1, 1000000, &lines))
    return false;
  if (lines > 0)
    ctl_params_integer(params, "max_lines", lines);
  if (out != err)
    ctl_params_text(params, "stream", out ? "stdout" : "stderr");
  ctl_params_text(params, "grep", ctl_args_value(args, 'g'));
  if (!take_time(args, 's', "since", params) ||
      !take_time(args, 'u', "until", params))
    return false;
  if (ctl_args_given(args, 'a'))
    ctl_params_text(params, "cursor", "start");
  return true;
}

static enum ctl_status run_logs(struct ctl *ctl, const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  struct ctl_target target;
  if (!ctl_target_read(args->operands[0], &target) ||
      !take_options(args, &params))
    return CTL_USAGE;
  struct ctl_log log = {.ctl = ctl,
                        .job = target.job,
                        .names = ctl_args_given(args, 't'),
                        .raw = ctl_args_given(args, 'r')};
  ctl_target_put(&target, &params);
  if (!ctl->json || log.names)
    ctl_params_boolean(&params, "detail", true);
  return ctl_args_given(args, 'f') ? ctl_log_follow(&log, &params)
                                   : ctl_log_page(&log, &params);
}

static const struct ctl_option options[] = {
    {'n', "lines", "N", CTL_OFFER_NOTHING, "the last N lines (default: 100)"},
    {'a', "from-start", NULL, CTL_OFFER_NOTHING,
     "the first lines, not the last ones"},
    {'f', "follow", NULL, CTL_OFFER_NOTHING,
     "go on until the process, or the job, has ended"},
    {'t', "detail", NULL, CTL_OFFER_NOTHING,
     "say of each line its time, if it is known, and whether it is of stdout "
     "or "
     "stderr"},
    {'1', "stdout", NULL, CTL_OFFER_NOTHING, "only standard output"},
    {'2', "stderr", NULL, CTL_OFFER_NOTHING, "only standard error"},
    {'g', "grep", "TEXT", CTL_OFFER_NOTHING, "only lines that contain TEXT"},
    {'s', "since", "TIME", CTL_OFFER_NOTHING,
     "only lines since then: 10m or 2h or 1d ago, HH:MM, \"YYYY-MM-DD HH:MM\", "
     "or seconds since the epoch"},
    {'u', "until", "TIME", CTL_OFFER_NOTHING, "only lines until then"},
    {'r', "raw", NULL, CTL_OFFER_NOTHING,
     "bytes as they are: control characters, too"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_logs = {
    .name = "logs",
    .operands = "PID[@START]|JOB",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_TARGETS,
    .what =
        "shows what a process or a job has printed, as far as you may read it",
    .options = options,
    .run = run_logs,
};
