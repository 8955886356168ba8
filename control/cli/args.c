#include "cli/args.h"

#include "cli/value.h"
#include "wire/signal.h"

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
  const char *name = command ? command->name : "", *colon = command ? ": " : "";
  if (optopt)
    ctl_warn("%s%sthe option -%c %s", name, colon, optopt,
             what == ':' ? "needs a value" : "does not exist");
  else
    ctl_warn("%s%sthe option %s does not exist", name, colon, argv[optind - 1]);
  suggest_help(command);
  return false;
}

/* Signals that are options, as options of getopt(3). */
static void rewrite_signals(int argc, char **argv) {
  static char texts[CTL_ARGS][2 + PM_SIGNAL_NAME];
  for (int i = 1, used = 0;
       i < argc && used < CTL_ARGS && strcmp(argv[i], "--") != 0; i++) {
    if (argv[i][0] != '-' || strlen(argv[i]) > PM_SIGNAL_NAME ||
        pm_signal_number(argv[i] + 1) < 0)
      continue;
    snprintf(texts[used], sizeof texts[used], "-s%s", argv[i] + 1);
    argv[i] = texts[used++];
  }
}

bool ctl_args_read(const struct ctl_option *global_options,
                   const struct ctl_command *command, int argc, char **argv,
                   struct ctl_args *ret) {
  struct tables t = {.letters = ""};
  strcpy(t.letters, command && !command->verbatim ? ":" : "+:");
  add_table(&t, global_options);
  add_table(&t, command ? command->options : NULL);
  *ret = (struct ctl_args){.given_count = 0};
  if (command && command->signals)
    rewrite_signals(argc, argv);
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

size_t ctl_args_values(const struct ctl_args *args, char letter,
                       const char *ret[CTL_ARGS]) {
  size_t count = 0;
  for (size_t i = 0; i < args->given_count; i++)
    if (args->given[i].letter == letter)
      ret[count++] = args->given[i].value;
  return count;
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
