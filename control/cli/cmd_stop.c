#include "cli/commands.h"
#include "cli/job.h"

#include "base/clean.h"

static void show(const char *word, const struct pm_json *job) {
  char end[CTL_JOB_END];
  (void)word;
  ctl_job_end(job, end);
  PM_CLEAN_MEM char *how = ctl_escaped(end);
  ctl_job_print("stopped", job);
  printf(": %s\n", how);
}

static enum ctl_status run_stop(struct ctl *ctl, const struct ctl_args *args) {
  return ctl_job_call_each(ctl, args, "stop_job", show);
}

static const struct ctl_option options[] = {
    {'t', "timeout", "SECONDS", CTL_OFFER_NOTHING,
     "from TERM to KILL (default: the job's own, 10)"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_stop = {
    .name = "stop",
    .operands = "JOB...",
    .least = 1,
    .most = (size_t)-1,
    .offer = CTL_OFFER_JOBS,
    .what = "ends jobs, with TERM and then KILL; they are not started again",
    .options = options,
    .run = run_stop,
};
