#include "cli/commands.h"
#include "cli/job.h"
#include "cli/value.h"

#include <math.h>

static void show(const char *word, const struct pm_json *job) {
  double pid = ctl_number(job, "pid");
  (void)word;
  ctl_job_print("restarted", job);
  if (isfinite(pid))
    printf(", pid %.0f", pid);
  putchar('\n');
}

static enum ctl_status run_restart(struct ctl *ctl,
                                   const struct ctl_args *args) {
  return ctl_job_call_each(ctl, args, "restart_job", show);
}

static const struct ctl_option options[] = {
    {'t', "timeout", "SECONDS", CTL_OFFER_NOTHING,
     "from TERM to KILL (default: the job's own, 10)"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_restart = {
    .name = "restart",
    .operands = "JOB...",
    .least = 1,
    .most = (size_t)-1,
    .offer = CTL_OFFER_JOBS,
    .what = "ends jobs as stop does, and starts them again, also ended ones",
    .options = options,
    .run = run_restart,
};
