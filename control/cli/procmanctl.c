/* procmanctl: the command-line client of procman's control socket. */
#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/usage.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the help. */
static const struct ctl_command *const commands[] = {
    &ctl_cmd_system,     &ctl_cmd_list,
    &ctl_cmd_groups,     &ctl_cmd_info,
    &ctl_cmd_kill,       &ctl_cmd_logs,
    &ctl_cmd_start,      &ctl_cmd_jobs,
    &ctl_cmd_status,     &ctl_cmd_stop,
    &ctl_cmd_restart,    &ctl_cmd_wait,
    &ctl_cmd_rm,         &ctl_cmd_monitor,
    &ctl_cmd_events,     &ctl_cmd_hello,
    &ctl_cmd_describe,   &ctl_cmd_dial_stdio,
    &ctl_cmd_completion, &ctl_cmd_help,
    &ctl_cmd_version,    NULL,
};

static const struct ctl_option global_options[] = {
    {'S', "socket", "SOCKET", CTL_OFFER_FILES,
     "the server's socket, with -H that of the other machine (environment, for "
     "this one: PROCMAN_SOCKET)"},
    {'H', "host", "[USER@]HOST", CTL_OFFER_HOSTS,
     "the server of that machine, through ssh (environment: PROCMAN_HOST)"},
    {'o', "output", "FORMAT", CTL_OFFER_OUTPUTS,
     "table, or json: the results as the server sent them, one per line"},
    {'h', "help", NULL, CTL_OFFER_NOTHING, "prints the usage"},
    {.letter = 0},
};

/* Only LC_CTYPE, for the widths of characters: numbers keep the decimal
 * point. */
static void choose_locale(void) {
  if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
    setlocale(LC_CTYPE, "C.UTF-8");
}

/* With -H, -S is the other machine's; alone it is this one's, whatever the
 * environment says.  Of two of a kind the last one wins. */
static bool apply_globals(struct ctl *ctl, const struct ctl_args *args) {
  for (size_t i = 0; i < args->given_count; i++) {
    const char *value = args->given[i].value;
    switch (args->given[i].letter) {
    case 'S':
      ctl->socket = value;
      ctl->named_socket = true;
      ctl->host = ctl->named_host ? ctl->host : NULL;
      break;
    case 'H':
      ctl->host = value;
      ctl->named_host = true;
      break;
    case 'o':
      ctl->json = strcmp(value, "json") == 0;
      if (ctl->json || strcmp(value, "table") == 0)
        break;
      ctl_warn("-o %s: the format must be table or json", value);
      return false;
    default:
      break;
    }
  }
  return true;
}

static const char *from_environment(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static enum ctl_status run_command(struct ctl *ctl,
                                   const struct ctl_command *command, int argc,
                                   char **argv) {
  struct ctl_args args;
  if (!ctl_args_read(ctl->global_options, command, argc, argv, &args) ||
      !apply_globals(ctl, &args))
    return command->fault ? command->fault : CTL_USAGE;
  if (ctl_args_given(&args, 'h')) {
    ctl_usage_command(stdout, ctl, command);
    return CTL_DONE;
  }
  return command->run(ctl, &args);
}

static enum ctl_status run_arguments(struct ctl *ctl, int argc, char **argv) {
  struct ctl_args args;
  if (!ctl_args_read(ctl->global_options, NULL, argc, argv, &args) ||
      !apply_globals(ctl, &args))
    return CTL_USAGE;
  bool help = ctl_args_given(&args, 'h');
  if (help || args.count == 0) {
    ctl_usage_overview(help ? stdout : stderr, ctl);
    return help ? CTL_DONE : CTL_USAGE;
  }
  const struct ctl_command *command =
      ctl_command_find(ctl->commands, args.operands[0]);
  if (command)
    return run_command(ctl, command, (int)args.count, args.operands);
  ctl_warn("there is no command %s; \"procmanctl help\" lists them",
           args.operands[0]);
  return CTL_USAGE;
}

int main(int argc, char **argv) {
  struct ctl ctl = {.commands = commands,
                    .global_options = global_options,
                    .socket = from_environment("PROCMAN_SOCKET"),
                    .host = from_environment("PROCMAN_HOST")};
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    argv[1] = (char *)"version";
  choose_locale();
  ctl_screen_detect(1, &ctl.screen);
  enum ctl_status status = run_arguments(&ctl, argc, argv);
  ctl_disconnect(&ctl);
  ctl_flush();
  return (int)status;
}
