#include "cli/call.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

static const struct ctl_column columns[] = {{NULL, CTL_LEFT, 9, false, 0},
                                            {NULL, CTL_LEFT, 0, false, 0}};

static void add_text(struct ctl_table *t, const char *label,
                     const char *value) {
  ctl_table_word(t, label, "1");
  ctl_table_text(t, value);
}

static void add_number(struct ctl_table *t, const char *label, double value) {
  char word[CTL_WORD];
  ctl_count(value, word);
  add_text(t, label, word);
}

/* A row for each: its name, and "yes" or "no". */
static void add_capabilities(struct ctl_table *t, const struct pm_json *all) {
  for (const struct pm_json *v = ctl_first(all); v; v = pm_json_after(all, v)) {
    bool yes = v->type == PM_JSON_BOOLEAN && v->boolean;
    ctl_table_text(t, v->key);
    ctl_table_word(t, yes ? "yes" : "no", yes ? "32" : "33");
  }
}

static void add_joined(struct ctl_table *t, const char *label,
                       const struct pm_json *list, const char *none) {
  char *words = ctl_join_texts(list);
  add_text(t, label, words ? words : none);
  free(words);
}

static void print_hello(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *you = pm_json_member(result, "you");
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, 2);
  add_text(&t, "Host", ctl_text(result, "host"));
  add_text(&t, "Version", ctl_text(result, "version"));
  add_number(&t, "Protocol", ctl_number(result, "protocol"));
  add_text(&t, "Sampler", ctl_text(result, "sampler"));
  add_capabilities(&t, pm_json_member(result, "capabilities"));
  add_number(&t, "Your uid", ctl_number(you, "uid"));
  add_number(&t, "Your gid", ctl_number(you, "gid"));
  add_joined(&t, "Groups", pm_json_member(you, "unix_groups"), "-");
  add_joined(&t, "You may", pm_json_member(you, "may"), "read, but not act");
  if (ctl_text(you, "sandboxed"))
    add_text(&t, "Because", ctl_text(you, "sandboxed"));
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run_hello(struct ctl *ctl, const struct ctl_args *args) {
  (void)args;
  return ctl_call_and_print(ctl, "hello", NULL, print_hello);
}

const struct ctl_command ctl_cmd_hello = {
    .name = "hello",
    .operands = "",
    .what = "shows what the server is, what it can do and what you may do",
    .run = run_hello,
};
