#include "cli/call.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

static const struct ctl_column columns[] = {{NULL, CTL_LEFT, 9, false},
                                            {NULL, CTL_LEFT, 0, false}};

static void text(struct ctl_table *t, const char *label, const char *value) {
  ctl_table_word(t, label, "1");
  ctl_table_text(t, value);
}

static void number(struct ctl_table *t, const char *label, double value) {
  char word[CTL_WORD];
  ctl_count(value, word);
  text(t, label, word);
}

/* Names of those that are there, by "yes" and "no". */
static void capabilities(struct ctl_table *t, const struct pm_json *all) {
  for (const struct pm_json *v = ctl_inside(all); v;
       v = pm_json_after(all, v)) {
    bool yes = v->type == PM_JSON_BOOLEAN && v->boolean;
    ctl_table_text(t, v->key);
    ctl_table_word(t, yes ? "yes" : "no", yes ? "32" : "33");
  }
}

static void joined(struct ctl_table *t, const char *label,
                   const struct pm_json *list, const char *none) {
  char *words = ctl_joined(list);
  text(t, label, words ? words : none);
  free(words);
}

static void show(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *you = pm_json_member(result, "you");
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, 2);
  text(&t, "Host", ctl_text(result, "host"));
  text(&t, "Version", ctl_text(result, "version"));
  number(&t, "Protocol", ctl_number(result, "protocol"));
  text(&t, "Sampler", ctl_text(result, "sampler"));
  capabilities(&t, pm_json_member(result, "capabilities"));
  number(&t, "Your uid", ctl_number(you, "uid"));
  number(&t, "Your gid", ctl_number(you, "gid"));
  joined(&t, "Groups", pm_json_member(you, "unix_groups"), "-");
  joined(&t, "You may", pm_json_member(you, "may"), "look, but not act");
  if (ctl_text(you, "sandboxed"))
    text(&t, "Because", ctl_text(you, "sandboxed"));
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run(struct ctl *ctl, const struct ctl_args *args) {
  (void)args;
  return ctl_present(ctl, "hello", NULL, show);
}

const struct ctl_command ctl_cmd_hello = {
    .name = "hello",
    .operands = "",
    .what = "what the server is, what it can do and what you may do",
    .run = run,
};
