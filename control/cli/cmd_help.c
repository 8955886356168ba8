#include "cli/command.h"

#include <string.h>

static void print_option(FILE *to, const struct ctl_option *o) {
  char words[64];
  snprintf(words, sizeof words, "-%c, --%s%s%s", o->letter, o->word,
           o->value ? " " : "", o->value ? o->value : "");
  fprintf(to, "  %-26s  %s\n", words, o->what);
}

static void print_options(FILE *to, const char *title,
                          const struct ctl_option *options) {
  if (!options)
    return;
  fprintf(to, "\n%s\n", title);
  for (; options->letter; options++)
    print_option(to, options);
}

static void usage(FILE *to, const struct ctl_command *c) {
  fprintf(to, "usage: procmanctl %s", c->name);
  for (const struct ctl_option *o = c->options; o && o->letter; o++)
    fprintf(to, " [-%c%s%s]", o->letter, o->value ? " " : "",
            o->value ? o->value : "");
  fprintf(to, "%s%s\n", *c->operands ? " " : "", c->operands);
}

void ctl_help_command(FILE *to, const struct ctl_command *c) {
  usage(to, c);
  fprintf(to, "\n  %s\n", c->what);
  if (c->alias)
    fprintf(to, "  (also: procmanctl %s)\n", c->alias);
  print_options(to, "Options", c->options);
  print_options(to, "Everywhere", ctl_global_options);
}

void ctl_help_short(FILE *to) {
  fputs("usage: procmanctl [-S SOCKET] [-H [USER@]HOST] [-o table|json] "
        "COMMAND...\n\n",
        to);
  for (const struct ctl_command *const *c = ctl_commands; *c; c++)
    fprintf(to, "  %-10s  %s\n", (*c)->name, (*c)->what);
  fputs("\n\"procmanctl help COMMAND\" says more, and so does procmanctl(1).\n",
        to);
}

static enum ctl_status run(struct ctl *ctl, const struct ctl_args *args) {
  (void)ctl;
  if (args->count == 0) {
    ctl_help_short(stdout);
    return CTL_DONE;
  }
  const struct ctl_command *c = ctl_command_find(args->operands[0]);
  if (!c) {
    ctl_say("there is no command %s; \"procmanctl help\" lists them",
            args->operands[0]);
    return CTL_USAGE;
  }
  ctl_help_command(stdout, c);
  return CTL_DONE;
}

const struct ctl_command ctl_cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .most = 1,
    .offer = CTL_OFFER_COMMANDS,
    .what = "how it is used",
    .run = run,
};
