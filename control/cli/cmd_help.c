#include "cli/commands.h"
#include "cli/usage.h"

static enum ctl_status run_help(struct ctl *ctl, const struct ctl_args *args) {
  if (args->count == 0) {
    ctl_usage_overview(stdout, ctl);
    return CTL_DONE;
  }
  const struct ctl_command *c =
      ctl_command_find(ctl->commands, args->operands[0]);
  if (!c) {
    ctl_warn("there is no command %s; \"procmanctl help\" lists them",
             args->operands[0]);
    return CTL_USAGE;
  }
  ctl_usage_command(stdout, ctl, c);
  return CTL_DONE;
}

const struct ctl_command ctl_cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .most = 1,
    .offer = CTL_OFFER_COMMANDS,
    .what = "prints the usage of procmanctl, or of a command",
    .run = run_help,
};
