/* The parameters of start_process from a command line. */
#ifndef PM_CLI_START_PARAMS_H
#define PM_CLI_START_PARAMS_H

#include "cli/command.h"
#include "cli/params.h"

#include <limits.h>

struct ctl_start {
  struct ctl_params params; /* points into the others, and into args */
  const char *env[CTL_ARGS];
  char dir[2 * PATH_MAX], input[2 * PATH_MAX];
  char policy[32];
};

/* Returns false after printing what is wrong. */
bool ctl_start_read(const struct ctl *ctl, const struct ctl_args *args,
                    struct ctl_start *ret);

#endif
