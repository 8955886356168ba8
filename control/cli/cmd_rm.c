#include "cli/commands.h"
#include "cli/job.h"

#include "base/clean.h"

/* The answer has no job any more. */
static void show(const char *word, const struct pm_json *job) {
  PM_CLEAN_MEM char *name = ctl_escaped(word);
  (void)job;
  printf("removed %s\n", name);
}

static enum ctl_status run_rm(struct ctl *ctl, const struct ctl_args *args) {
  return ctl_job_call_each(ctl, args, "remove_job", show);
}

const struct ctl_command ctl_cmd_rm = {
    .name = "rm",
    .operands = "JOB...",
    .least = 1,
    .most = (size_t)-1,
    .offer = CTL_OFFER_JOBS,
    .what = "removes jobs that have ended, and their logs",
    .run = run_rm,
};
