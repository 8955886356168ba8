/* All commands of procmanctl, for the table in procmanctl.c. */
#ifndef PM_CLI_COMMANDS_H
#define PM_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct ctl_command ctl_cmd_system, ctl_cmd_list, ctl_cmd_groups,
    ctl_cmd_info, ctl_cmd_kill, ctl_cmd_logs, ctl_cmd_start, ctl_cmd_jobs,
    ctl_cmd_status, ctl_cmd_stop, ctl_cmd_restart, ctl_cmd_wait, ctl_cmd_rm,
    ctl_cmd_monitor, ctl_cmd_events, ctl_cmd_hello, ctl_cmd_describe,
    ctl_cmd_dial_stdio, ctl_cmd_completion, ctl_cmd_help, ctl_cmd_version;

#endif
