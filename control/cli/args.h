/* A command line by tables of options. */
#ifndef PM_CLI_ARGS_H
#define PM_CLI_ARGS_H

#include "cli/command.h"

#include <stdint.h>

/* Options up to the first operand (command NULL), or a command's options with
 * operands between them; the global options are valid in both.  argv[0] is
 * skipped.  Returns false after printing what is wrong. */
bool ctl_args_read(const struct ctl_option *global_options,
                   const struct ctl_command *command, int argc, char **argv,
                   struct ctl_args *ret);

/* The last value given, or NULL. */
const char *ctl_args_value(const struct ctl_args *args, char letter);
/* All of them, in the order in which they are given; returns how many. */
size_t ctl_args_values(const struct ctl_args *args, char letter,
                       const char *ret[CTL_ARGS]);
bool ctl_args_given(const struct ctl_args *args, char letter);
/* The same as numbers: returns true without touching *ret if it is not given,
 * and false after printing an error if it is no such number. */
bool ctl_args_integer(const struct ctl_args *args, char letter, int64_t min,
                      int64_t max, int64_t *ret);
bool ctl_args_number(const struct ctl_args *args, char letter, double min,
                     double max, double *ret);

#endif
