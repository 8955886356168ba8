#include "cli/args.h"

#include "cli/value.h"

#include <getopt.h>
#include <string.h>

struct tables {
  char letters[3 * CTL_ARGS];
  struct option words[CTL_ARGS];
  size_t count;
};

static void add_table(struct tables *t, const struct ctl_option *options) {
  for (; options && options->letter; options++) {
    size_t n = strlen(t->letters);
    t->letters[n] = options->letter;
    t->letters[n + 1] = options->value ? ':' : '\0';
    t->words[t->count++] = (struct option){
        options->word, options->value ? required_argument : no_argument, NULL,
        options->letter};
  }
}

static void suggest_help(const struct ctl_command *command) {
  if (command)
    ctl_warn("see \"procmanctl help %s\"", command->name);
  else
    ctl_warn("see \"procmanctl help\"");
}

static bool check_operands(const struct ctl_command *command,
                           const struct ctl_args *args) {
  if (!command ||
      (args->count >= command->least && args->count <= command->most))
    return true;
  ctl_warn("%s: too %s arguments; usage: procmanctl %s [OPTION]... %s",
           command->name, args->count < command->least ? "few" : "many",
           command->name, command->operands);
  return false;
}

static bool report_bad_option(const struct ctl_command *command, int what,
                              char **argv) {
  const char *name = command ? command->name : "procmanctl";
  if (optopt)
    ctl_warn("%s: the option -%c %s", name, optopt,
             what == ':' ? "needs a value" : "does not exist");
  else
    ctl_warn("%s: the option %s does not exist", name, argv[optind - 1]);
  suggest_help(command);
  return false;
}

bool ctl_args_read(const struct ctl_option *global_options,
                   const struct ctl_command *command, int argc, char **argv,
                   struct ctl_args *ret) {
  struct tables t = {.letters = ""};
  strcpy(t.letters, command ? ":" : "+:");
  add_table(&t, global_options);
  add_table(&t, command ? command->options : NULL);
  *ret = (struct ctl_args){.given_count = 0};
  opterr = 0;
  optind = 0; /* getopt(3): start again */
  for (int c; (c = getopt_long(argc, argv, t.letters, t.words, NULL)) != -1;) {
    if (c == '?' || c == ':')
      return report_bad_option(command, c, argv);
    if (ret->given_count == CTL_ARGS) {
      ctl_warn("more than %d options are given", CTL_ARGS);
      return false;
    }
    ret->given[ret->given_count].letter = (char)c;
    ret->given[ret->given_count++].value = optarg;
  }
  ret->operands = argv + optind;
  ret->count = (size_t)(argc - optind);
  return ctl_args_given(ret, 'h') || check_operands(command, ret);
}

const char *ctl_args_value(const struct ctl_args *args, char letter) {
  const char *value = NULL;
  for (size_t i = 0; i < args->given_count; i++)
    if (args->given[i].letter == letter)
      value = args->given[i].value;
  return value;
}

bool ctl_args_given(const struct ctl_args *args, char letter) {
  for (size_t i = 0; i < args->given_count; i++)
    if (args->given[i].letter == letter)
      return true;
  return false;
}

bool ctl_args_integer(const struct ctl_args *args, char letter, int64_t min,
                      int64_t max, int64_t *ret) {
  const char *text = ctl_args_value(args, letter);
  if (!text || ctl_read_integer(text, min, max, ret))
    return true;
  ctl_warn("-%c %s: it must be a whole number from %lld to %lld", letter, text,
           (long long)min, (long long)max);
  return false;
}

bool ctl_args_number(const struct ctl_args *args, char letter, double min,
                     double max, double *ret) {
  const char *text = ctl_args_value(args, letter);
  if (!text || ctl_read_number(text, min, max, ret))
    return true;
  ctl_warn("-%c %s: it must be a number from %g to %g", letter, text, min, max);
  return false;
}
