#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "cli/value.h"

static const struct ctl_column columns[] = {
    {"GROUP", CTL_LEFT, 8, false, 0},  {"CPU%", CTL_RIGHT, 5, false, 0},
    {"TIME", CTL_RIGHT, 6, false, 2},  {"RSS", CTL_RIGHT, 5, false, 1},
    {"PROCS", CTL_RIGHT, 5, false, 3}, {"THR", CTL_RIGHT, 4, false, 4},
    {"KIND", CTL_LEFT, 0, false, 6},   {"SERIES", CTL_LEFT, 0, false, 5},
    {"WHY", CTL_LEFT, 0, false, 7},
};

static void add_number(struct ctl_table *t, const struct pm_json *group,
                       const char *member,
                       void (*write)(double value, char ret[CTL_WORD])) {
  char word[CTL_WORD];
  write(ctl_number(group, member), word);
  ctl_table_word(t, word, "");
}

static void add_group(struct ctl_table *t, const struct pm_json *g) {
  double cpu = ctl_number(g, "cpu_percent");
  char percent[CTL_WORD];
  ctl_percent(cpu, percent);
  ctl_table_take(t, ctl_escaped(ctl_text(g, "name")), "1");
  ctl_table_word(t, percent, ctl_load_colour(t->screen, cpu));
  add_number(t, g, "cpu_seconds", ctl_duration);
  add_number(t, g, "memory_rss", ctl_size);
  add_number(t, g, "processes", ctl_count);
  add_number(t, g, "threads", ctl_count);
  ctl_table_text(t, ctl_text(g, "kind"));
  ctl_table_word(t, ctl_is_false(g, "emitted") ? "no" : "yes", "");
  ctl_table_text(t, ctl_text(g, "reason"));
}

/* There are many groups without series, so they are shown on request only.
 * The server's limit would count them, so it is applied here. */
static void print_groups(const struct ctl *ctl, const struct pm_json *groups,
                         bool all, int64_t limit) {
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, sizeof columns / sizeof *columns);
  for (const struct pm_json *g = ctl_first(groups); g && limit > 0;
       g = pm_json_after(groups, g)) {
    if (!all && ctl_is_false(g, "emitted"))
      continue;
    add_group(&t, g);
    limit--;
  }
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run_groups(struct ctl *ctl,
                                  const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  const struct pm_json *result;
  const char *key = ctl_args_value(args, 's');
  int64_t limit = INT64_MAX;
  bool all = ctl_args_given(args, 'a');
  if (!ctl_args_integer(args, 'n', 1, 10000000, &limit))
    return CTL_USAGE;
  ctl_params_text(&params, "sort", ctl_key_member(ctl_group_keys, key));
  if (limit < INT64_MAX && (all || ctl->json))
    ctl_params_integer(&params, "limit", limit);
  enum ctl_status status = ctl_call(ctl, "list_groups", &params, 0, &result);
  if (status)
    return status;
  if (ctl->json)
    ctl_print_json(ctl, result);
  else
    print_groups(ctl, pm_json_member(result, "groups"), all, limit);
  return CTL_DONE;
}

static const struct ctl_option options[] = {
    {'s', "sort", "KEY", CTL_OFFER_GROUP_KEYS,
     "sort by this member of GroupInfo, or by cpu (default), mem, time, "
     "name..."},
    {'n', "limit", "N", CTL_OFFER_NOTHING, "show at most N groups"},
    {'a', "all", NULL, CTL_OFFER_NOTHING,
     "also groups without series (always with -o json)"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_groups = {
    .name = "groups",
    .operands = "",
    .what = "lists the groups of processes that have series",
    .options = options,
    .run = run_groups,
};
