#include "cli/usage.h"

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

static void print_synopsis(FILE *to, const struct ctl_command *c) {
  fprintf(to, "usage: procmanctl %s", c->name);
  for (const struct ctl_option *o = c->options; o && o->letter; o++)
    fprintf(to, " [-%c%s%s]", o->letter, o->value ? " " : "",
            o->value ? o->value : "");
  fprintf(to, "%s%s\n", *c->operands ? " " : "", c->operands);
}

void ctl_usage_command(FILE *to, const struct ctl *ctl,
                       const struct ctl_command *c) {
  print_synopsis(to, c);
  fprintf(to, "\n  %s\n", c->what);
  if (c->alias)
    fprintf(to, "  (also: procmanctl %s)\n", c->alias);
  print_options(to, "Options", c->options);
  print_options(to, "Global options", ctl->global_options);
}

void ctl_usage_overview(FILE *to, const struct ctl *ctl) {
  fputs("usage: procmanctl [-S SOCKET] [-H [USER@]HOST] [-o table|json] "
        "COMMAND...\n\n",
        to);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    fprintf(to, "  %-10s  %s\n", (*c)->name, (*c)->what);
  fputs("\nSee \"procmanctl help COMMAND\" and procmanctl(1).\n", to);
}
