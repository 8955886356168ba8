#include "cli/commands.h"
#include "cli/process.h"
#include "wire/method.h"
#include "wire/signal.h"

#include <signal.h>
#include <string.h>

/* ---- what is completed ---- */

static void offer_keys(FILE *to, const struct ctl_key *keys) {
  for (const struct ctl_key *k = keys; k->word; k++)
    fprintf(to, "%s ", k->word);
  for (const struct ctl_key *k = keys; k->word; k++)
    if (strcmp(k->word, k->member) != 0)
      fprintf(to, "%s ", k->member);
}

static void offer_commands(const struct ctl *ctl, FILE *to) {
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    fprintf(to, "%s ", (*c)->name);
}

static void offer_methods(FILE *to) {
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    fprintf(to, "%s ", pm_methods[i].name);
}

/* What follows "limits." in the names of parameters. */
static void offer_limits(FILE *to) {
  const struct pm_param *p = pm_methods[PM_METHOD_start_process].params;
  for (; p->name; p++)
    if (strncmp(p->name, "limits.", 7) == 0)
      fprintf(to, "%s= ", p->name + 7);
}

static void offer_signals(FILE *to) {
  char name[PM_SIGNAL_NAME];
  for (int i = 1; i < 32; i++) {
    pm_signal_name(i, name);
    fprintf(to, "%s ", name);
  }
}

/* Words that are the same on every machine; nothing for other offers. */
static void offer_words(const struct ctl *ctl, FILE *to, enum ctl_offer offer) {
  switch (offer) {
  case CTL_OFFER_COMMANDS:
    offer_commands(ctl, to);
    break;
  case CTL_OFFER_GROUP_KEYS:
    offer_keys(to, ctl_group_keys);
    break;
  case CTL_OFFER_PROCESS_KEYS:
    offer_keys(to, ctl_process_keys);
    break;
  case CTL_OFFER_KINDS:
    fputs("start exit oom job ", to);
    break;
  case CTL_OFFER_LIMITS:
    offer_limits(to);
    break;
  case CTL_OFFER_METHODS:
    offer_methods(to);
    break;
  case CTL_OFFER_OUTPUTS:
    fputs("table json ", to);
    break;
  case CTL_OFFER_POLICIES:
    fputs("no on-failure always ", to);
    break;
  case CTL_OFFER_SHELLS:
    fputs("bash zsh fish ", to);
    break;
  case CTL_OFFER_SIGNALS:
    offer_signals(to);
    break;
  default:
    break;
  }
}

/* Shell code that finds the words at the time of completion.  They are names
 * that anybody may have chosen: bash expands the words of compgen -W, and what
 * it completes is part of the command line as it is; so they are matched by a
 * loop of ours, and quoted.  zsh (compadd) and fish quote by themselves. */
struct dynamic {
  enum ctl_offer offer;
  const char *bash, *zsh, *fish;
};

#define JOBS "procmanctl jobs 2>/dev/null | awk 'NR > 1 { print $1 }'"
/* /proc, and not ps(1), which a small system does not have. */
#define PIDS "(cd /proc && printf '%s\\n' [0-9]*)"
#define NAMES "cat /proc/*/comm 2>/dev/null"

static const struct dynamic dynamics[] = {
    {CTL_OFFER_FILES, "compgen -f -- \"$1\"", "_files",
     "(__fish_complete_path)"},
    {CTL_OFFER_USERS, "compgen -u -- \"$1\"", "_users",
     "(__fish_complete_users)"},
    {CTL_OFFER_HOSTS, "compgen -A hostname -- \"$1\"", "_hosts",
     "(__fish_print_hostnames)"},
    {CTL_OFFER_JOBS, JOBS " | _procmanctl_match \"$1\"",
     "compadd -- ${(f)\"$(" JOBS ")\"}", "(" JOBS ")"},
    {CTL_OFFER_TARGETS, "{ " JOBS "; " PIDS "; } | _procmanctl_match \"$1\"",
     "compadd -- ${(f)\"$(" JOBS ")\"}; _pids",
     "(__fish_complete_pids) (" JOBS ")"},
    {CTL_OFFER_PROGRAMS, "compgen -c -- \"$1\"; compgen -f -- \"$1\"",
     "_normal", "(__fish_complete_command)"},
    {CTL_OFFER_PIDS, PIDS " | _procmanctl_match \"$1\"", "_pids",
     "(__fish_complete_pids)"},
    {CTL_OFFER_NAMES, NAMES " | _procmanctl_match \"$1\"",
     "compadd -- ${(f)\"$(" NAMES ")\"}", "(" NAMES " | sort -u)"},
    {CTL_OFFER_GROUPS,
     "procmanctl groups 2>/dev/null | awk 'NR > 1 { print $1 }' | "
     "_procmanctl_match \"$1\"",
     "compadd -- ${(f)\"$(procmanctl groups 2>/dev/null | "
     "awk 'NR > 1 { print $1 }')\"}",
     "(procmanctl groups 2>/dev/null | awk 'NR > 1 { print $1 }')"},
};

static const struct dynamic *find_dynamic(enum ctl_offer offer) {
  for (size_t i = 0; i < sizeof dynamics / sizeof *dynamics; i++)
    if (dynamics[i].offer == offer)
      return &dynamics[i];
  return NULL;
}

/* ---- bash ---- */

static void bash_offer(const struct ctl *ctl, enum ctl_offer offer) {
  const struct dynamic *dynamic = find_dynamic(offer);
  if (dynamic) {
    printf("%s", dynamic->bash);
    return;
  }
  fputs("compgen -W '", stdout);
  offer_words(ctl, stdout, offer);
  fputs("' -- \"$1\"", stdout);
}

static void bash_options(const struct ctl *ctl, const char *command,
                         const struct ctl_option *options) {
  for (const struct ctl_option *o = options; o && o->letter; o++) {
    if (!o->value)
      continue;
    printf("    %s:-%c | %s:--%s) ", command, o->letter, command, o->word);
    bash_offer(ctl, o->offer);
    fputs(" ;;\n", stdout);
  }
}

static void bash_words(const struct ctl_option *options) {
  for (const struct ctl_option *o = options; o && o->letter; o++)
    printf("-%c --%s ", o->letter, o->word);
}

/* Options where a "-" asks for them, or nothing else can follow. */
static void bash_command(const struct ctl *ctl, const struct ctl_command *c) {
  printf("    %s:) ", c->name);
  if (c->most > 0)
    fputs("if [[ $1 == -* ]]; then ", stdout);
  fputs("compgen -W '", stdout);
  bash_words(c->options);
  bash_words(ctl->global_options);
  fputs("' -- \"$1\"", stdout);
  if (c->most > 0) {
    fputs("; else ", stdout);
    bash_offer(ctl, c->offer);
    fputs("; fi", stdout);
  }
  fputs(" ;;\n", stdout);
}

/* The shell function's arguments: the word to complete, and COMMAND:OPTION
 * before it. */
static void bash_table(const struct ctl *ctl) {
  fputs("_procmanctl_match() {\n"
        "    local word\n"
        "    while read -r word; do\n"
        "        [[ $word == \"$1\"* ]] && printf '%q\\n' \"$word\"\n"
        "    done\n"
        "}\n",
        stdout);
  fputs("_procmanctl_offer() {\n    case $2 in\n", stdout);
  bash_options(ctl, "*", ctl->global_options);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    bash_options(ctl, (*c)->name, (*c)->options);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    bash_command(ctl, *c);
  fputs("    :) compgen -W '", stdout);
  offer_commands(ctl, stdout);
  bash_words(ctl->global_options);
  fputs("' -- \"$1\" ;;\n    esac\n}\n", stdout);
}

static void bash_valued(const struct ctl *ctl) {
  for (const struct ctl_option *o = ctl->global_options; o->letter; o++)
    if (o->value)
      printf(":*:-%c|:*:--%s|", o->letter, o->word);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    for (const struct ctl_option *o = (*c)->options; o && o->letter; o++)
      if (o->value)
        printf(":%s:-%c|:%s:--%s|", (*c)->name, o->letter, (*c)->name, o->word);
}

static void print_bash(const struct ctl *ctl) {
  fputs("# bash completion of procmanctl; made by procmanctl completion bash\n",
        stdout);
  bash_table(ctl);
  fputs("_procmanctl() {\n"
        "    local command='' before='' word i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n"
        "        [[ $word == = && $before ]] && continue\n" /* --output=json */
        "        case $before:$command:$word in\n"
        "        ",
        stdout);
  bash_valued(ctl);
  fputs("-) before=$word ;;\n"
        "        *) [[ $before || $word == -* || $command ]] || "
        "command=$word; before=''\n"
        "           [[ $command == ps ]] && command=list ;;\n"
        "        esac\n"
        "    done\n"
        "    word=${COMP_WORDS[COMP_CWORD]}\n"
        "    [[ $word == = && $before ]] && word=''\n"
        "    mapfile -t COMPREPLY < <(_procmanctl_offer "
        "\"$word\" \"$command:$before\" 2>/dev/null)\n"
        "}\n"
        "complete -F _procmanctl procmanctl\n",
        stdout);
}

/* ---- zsh and fish ---- */

#define ZSH_APOSTROPHE "'\\''"
#define FISH_APOSTROPHE "\\'"

/* Prints text within single quotes, with a backslash before each character of
 * `special`. */
static void print_quoted(const char *text, const char *apostrophe,
                         const char *special) {
  for (; *text; text++) {
    if (strchr(special, *text))
      putchar('\\');
    if (*text == '\'')
      fputs(apostrophe, stdout);
    else
      putchar(*text);
  }
}

static void zsh_offer(const struct ctl *ctl, enum ctl_offer offer) {
  const struct dynamic *dynamic = find_dynamic(offer);
  if (dynamic && dynamic->zsh[0] == '_') {
    printf("%s", dynamic->zsh);
    return;
  }
  if (dynamic) {
    putchar('{');
    print_quoted(dynamic->zsh, ZSH_APOSTROPHE, "");
    putchar('}');
    return;
  }
  putchar('(');
  offer_words(ctl, stdout, offer);
  putchar(')');
}

static void zsh_options(const struct ctl *ctl,
                        const struct ctl_option *options) {
  for (const struct ctl_option *o = options; o && o->letter; o++) {
    printf(" \\\n            '*'{-%c,--%s}'[", o->letter, o->word);
    print_quoted(o->what, ZSH_APOSTROPHE, "[]:");
    putchar(']');
    if (o->value) {
      fputs(":value:", stdout);
      zsh_offer(ctl, o->offer);
    }
    putchar('\'');
  }
}

static void zsh_command(const struct ctl *ctl, const struct ctl_command *c) {
  printf("        %s%s%s)\n        _arguments -s -S", c->name,
         c->alias ? "|" : "", c->alias ? c->alias : "");
  zsh_options(ctl, c->options);
  zsh_options(ctl, ctl->global_options);
  if (c->most > 0) {
    printf(" \\\n            '*%s:argument:", c->verbatim ? ":" : "");
    zsh_offer(ctl, c->offer);
    putchar('\'');
  }
  fputs(" ;;\n", stdout);
}

static void print_zsh(const struct ctl *ctl) {
  fputs("#compdef procmanctl\n"
        "# made by procmanctl completion zsh\n"
        "_procmanctl() {\n"
        "    local context state line\n"
        "    local -a commands\n"
        "    commands=(\n",
        stdout);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++) {
    printf("        '%s:", (*c)->name);
    print_quoted((*c)->what, ZSH_APOSTROPHE, ":");
    fputs("'\n", stdout);
  }
  fputs("    )\n    _arguments -S", stdout);
  zsh_options(ctl, ctl->global_options);
  fputs(" \\\n            '1:command:->command' '*::argument:->argument'\n"
        "    case $state in\n"
        "    command) _describe command commands ;;\n"
        "    argument)\n"
        "        case $words[1] in\n",
        stdout);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++)
    zsh_command(ctl, *c);
  fputs("        esac ;;\n    esac\n}\n_procmanctl \"$@\"\n", stdout);
}

static void fish_offer(const struct ctl *ctl, enum ctl_offer offer) {
  const struct dynamic *dynamic = find_dynamic(offer);
  fputs(" -xa '", stdout);
  if (dynamic)
    print_quoted(dynamic->fish, FISH_APOSTROPHE, "");
  else
    offer_words(ctl, stdout, offer);
  putchar('\'');
}

static void fish_options(const struct ctl *ctl, const struct ctl_command *c,
                         const struct ctl_option *options) {
  for (const struct ctl_option *o = options; o && o->letter; o++) {
    fputs("complete -c procmanctl", stdout);
    if (c)
      printf(" -n '__fish_seen_subcommand_from %s %s'", c->name,
             c->alias ? c->alias : "");
    printf(" -s %c -l %s -d '", o->letter, o->word);
    print_quoted(o->what, FISH_APOSTROPHE, "");
    putchar('\'');
    if (o->value)
      fish_offer(ctl, o->offer);
    putchar('\n');
  }
}

static void print_fish(const struct ctl *ctl) {
  fputs("# fish completion of procmanctl; made by procmanctl completion fish\n"
        "complete -c procmanctl -f\n",
        stdout);
  fish_options(ctl, NULL, ctl->global_options);
  for (const struct ctl_command *const *c = ctl->commands; *c; c++) {
    printf("complete -c procmanctl -n __fish_use_subcommand -a %s -d '",
           (*c)->name);
    print_quoted((*c)->what, FISH_APOSTROPHE, "");
    fputs("'\n", stdout);
    fish_options(ctl, *c, (*c)->options);
    if ((*c)->most == 0)
      continue;
    printf("complete -c procmanctl -n '__fish_seen_subcommand_from %s %s'",
           (*c)->name, (*c)->alias ? (*c)->alias : "");
    fish_offer(ctl, (*c)->offer);
    putchar('\n');
  }
}

static enum ctl_status run_completion(struct ctl *ctl,
                                      const struct ctl_args *args) {
  static const struct {
    const char *shell;
    void (*print)(const struct ctl *ctl);
  } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
  for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
    if (strcmp(shells[i].shell, args->operands[0]) != 0)
      continue;
    shells[i].print(ctl);
    return CTL_DONE;
  }
  ctl_warn("completion: there is none for %s, only for bash, zsh and fish",
           args->operands[0]);
  return CTL_USAGE;
}

const struct ctl_command ctl_cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_SHELLS,
    .what = "prints a shell's completion script for procmanctl",
    .run = run_completion,
};
