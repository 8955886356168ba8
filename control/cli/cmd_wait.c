#include "cli/args.h"
#include "cli/commands.h"
#include "cli/job.h"

#include <math.h>

static enum ctl_status run_wait(struct ctl *ctl, const struct ctl_args *args) {
  double timeout = (double)NAN;
  if (!ctl_args_number(args, 't', 0.1, 3600, &timeout))
    return CTL_NO_WAIT;
  return ctl_job_wait(ctl, args->operands[0], timeout);
}

static const struct ctl_option options[] = {
    {'t', "timeout", "SECONDS", CTL_OFFER_NOTHING,
     "give up after this long, with status 124"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_wait = {
    .name = "wait",
    .operands = "JOB",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_JOBS,
    .what = "waits until a job has ended, and exits as it did",
    .options = options,
    .fault = CTL_NO_WAIT,
    .run = run_wait,
};
