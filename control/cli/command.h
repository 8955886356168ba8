/* What a command of procmanctl is: each is a const struct at the end of its
 * cmd_*.c.  The tables of options are the only place that knows an option:
 * parsing, help and completion are made from them. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include "cli/print.h"

#include <stddef.h>

/* The exit status; scripts rely on it. */
enum ctl_status {
  CTL_DONE,
  CTL_FAILED,
  CTL_USAGE,
  CTL_NO_CONNECTION,
  CTL_NOT_PERMITTED,
  CTL_TIMED_OUT = 124, /* of wait, as of timeout(1); its other statuses are */
  CTL_NO_WAIT = 125,   /* those of the job */
};

/* What a shell completes in a place. */
enum ctl_offer {
  CTL_OFFER_NOTHING,
  CTL_OFFER_COMMANDS,
  CTL_OFFER_FILES,
  CTL_OFFER_GROUPS,
  CTL_OFFER_GROUP_KEYS,
  CTL_OFFER_HOSTS,
  CTL_OFFER_JOBS,
  CTL_OFFER_KINDS,
  CTL_OFFER_LIMITS,
  CTL_OFFER_METHODS,
  CTL_OFFER_NAMES,
  CTL_OFFER_OUTPUTS,
  CTL_OFFER_PIDS,
  CTL_OFFER_POLICIES,
  CTL_OFFER_PROCESS_KEYS,
  CTL_OFFER_PROGRAMS,
  CTL_OFFER_SHELLS,
  CTL_OFFER_SIGNALS,
  CTL_OFFER_TARGETS, /* pids and jobs */
  CTL_OFFER_USERS,
};

struct ctl_option {
  char letter; /* 0 ends a table */
  const char *word;
  const char *value; /* its name in the help; NULL: the option takes none */
  enum ctl_offer offer;
  const char *what;
};

struct ctl_client;
struct ctl_command;

/* One run of the program. */
struct ctl {
  const struct ctl_command *const *commands; /* for people; NULL ends them */
  const struct ctl_option *global_options;   /* valid with every command */
  const char *socket;                        /* NULL: the default one */
  const char *host;                          /* NULL: this machine */
  bool named_socket, named_host; /* by -S and -H, not by the environment */
  bool json;
  struct ctl_screen screen;  /* of stdout */
  struct ctl_client *client; /* NULL until it is needed */
};

enum { CTL_ARGS = 320 }; /* 256 variables, and others */

struct ctl_args {
  struct {
    char letter;
    const char *value;
  } given[CTL_ARGS];
  size_t given_count;
  char **operands;
  size_t count;
};

struct ctl_command {
  const char *name, *alias; /* alias: NULL, or another name */
  const char *operands;     /* in the usage; "": none */
  size_t least, most;       /* number of operands */
  enum ctl_offer offer;     /* for operands */
  const char *what;
  const struct ctl_option *options; /* NULL: none */
  bool verbatim; /* what follows the first operand is no option of ours */
  bool signals;  /* -9 and -TERM are signals, as in kill(1): -s 9, -s TERM */
  enum ctl_status fault; /* status if the command line is wrong; 0: CTL_USAGE */
  enum ctl_status (*run)(struct ctl *ctl, const struct ctl_args *args);
};

/* By name or alias in a list that NULL ends; NULL: there is none. */
const struct ctl_command *
ctl_command_find(const struct ctl_command *const *commands, const char *name);

#endif
