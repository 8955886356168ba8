/* The help, made from the tables of commands and options. */
#ifndef PM_CLI_USAGE_H
#define PM_CLI_USAGE_H

#include "cli/command.h"

/* Every command, a line each. */
void ctl_usage_overview(FILE *to, const struct ctl *ctl);
/* One command with its options. */
void ctl_usage_command(FILE *to, const struct ctl *ctl,
                       const struct ctl_command *command);

#endif
