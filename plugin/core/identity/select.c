#include "core/identity/select.h"

#include "base/copy.h"

#include "core/identity/container.h"
#include "core/identity/unit.h"

#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {
  const struct pm_rule_options *options;
  regex_t *commands;
  size_t command_count; /* compiled so far */
};

struct pm_select {
  const struct pm_select_options *options;
  struct rule *rules;
  const char **interpreters;
  struct pm_needs needs;
};

static int compile_regex(regex_t *regex, const char *expression,
                         struct pm_err *err) {
  int fault = regcomp(regex, expression, REG_EXTENDED | REG_NOSUB);
  if (fault == 0)
    return 0;
  char reason[128];
  regerror(fault, regex, reason, sizeof reason);
  return pm_err_say(err, fault == REG_ESPACE ? ENOMEM : EINVAL,
                    "\"%s\" is not an extended regular expression: %s",
                    expression, reason);
}

int pm_select_check(const char *expression, struct pm_err *err) {
  regex_t regex;
  int status = compile_regex(&regex, expression, err);
  if (status == 0)
    regfree(&regex);
  return status;
}

static void note_needs(struct pm_select *s, const struct pm_rule_options *o) {
  s->needs.cmdline |= o->commands.count > 0;
  s->needs.uid |= o->users.count > 0;
  s->needs.cgroup |= o->units.count > 0 || o->cgroups.count > 0;
}

static int add_rule(struct pm_select *s, struct rule *rule,
                    const struct pm_rule_options *o, struct pm_err *err) {
  rule->options = o;
  note_needs(s, o);
  rule->commands = calloc(o->commands.count + 1, sizeof *rule->commands);
  if (!rule->commands)
    return pm_err_set(err, ENOMEM, "compile the rules of group %s", o->name);
  for (size_t i = 0; i < o->commands.count; i++) {
    struct pm_err why;
    int status = compile_regex(&rule->commands[i], o->commands.word[i], &why);
    if (status < 0)
      return pm_err_say(err, why.num, "group %s: %s", o->name, why.text);
    rule->command_count++;
  }
  return 0;
}

static int compile_rules(struct pm_select *s, struct pm_err *err) {
  const struct pm_select_options *o = s->options;
  s->rules = calloc(o->rule_count + 1, sizeof *s->rules);
  s->interpreters = calloc(o->interpreters.count + 1, sizeof *s->interpreters);
  if (!s->rules || !s->interpreters)
    return pm_err_set(err, ENOMEM, "compile the rules");
  for (size_t i = 0; i < o->interpreters.count; i++)
    s->interpreters[i] = o->interpreters.word[i];
  for (size_t i = 0; i < o->rule_count; i++) {
    int status = add_rule(s, &s->rules[i], &o->rules[i], err);
    if (status < 0)
      return status;
  }
  for (size_t i = 0; i < o->by_count; i++) {
    s->needs.uid |= o->by[i] == PM_BY_USER;
    s->needs.cgroup |= o->by[i] == PM_BY_UNIT || o->by[i] == PM_BY_CONTAINER;
  }
  return 0;
}

int pm_select_new(const struct pm_select_options *options,
                  struct pm_select **ret, struct pm_err *err) {
  struct pm_select *s = calloc(1, sizeof *s);
  if (!s)
    return pm_err_set(err, ENOMEM, "compile the rules");
  s->options = options;
  int status = compile_rules(s, err);
  if (status < 0)
    pm_select_free(s);
  else
    *ret = s;
  return status;
}

void pm_select_free(struct pm_select *s) {
  if (!s)
    return;
  for (size_t i = 0; s->rules && i < s->options->rule_count; i++) {
    for (size_t k = 0; k < s->rules[i].command_count; k++)
      regfree(&s->rules[i].commands[k]);
    free(s->rules[i].commands);
  }
  free(s->rules);
  free(s->interpreters);
  free(s);
}

const char *const *pm_select_interpreters(const struct pm_select *s) {
  return s->interpreters;
}

struct pm_needs pm_select_needs(const struct pm_select *s) {
  return s->needs;
}

bool pm_select_rule_selects(const struct pm_rule_options *rule) {
  return rule->names.count || rule->commands.count || rule->users.count ||
         rule->units.count || rule->cgroups.count;
}

/* A key that is not configured matches everything; one whose fact is not known
 * matches nothing. */
static bool any_glob(const struct pm_words *globs, const char *text) {
  if (globs->count == 0)
    return true;
  for (size_t i = 0; text && i < globs->count; i++)
    if (fnmatch(globs->word[i], text, 0) == 0)
      return true;
  return false;
}

static bool any_equal(const struct pm_words *words, const char *text) {
  if (words->count == 0)
    return true;
  for (size_t i = 0; text && i < words->count; i++)
    if (strcmp(words->word[i], text) == 0)
      return true;
  return false;
}

static bool any_command(const struct rule *rule, const char *cmdline) {
  if (rule->command_count == 0)
    return true;
  for (size_t i = 0; cmdline && i < rule->command_count; i++)
    if (regexec(&rule->commands[i], cmdline, 0, NULL, 0) == 0)
      return true;
  return false;
}

static bool rule_matches(const struct pm_select *s, uint32_t i,
                         const struct pm_facts *f, const char *unit) {
  const struct rule *rule = &s->rules[i];
  const struct pm_rule_options *o = rule->options;
  if (!pm_select_rule_selects(o) || !any_equal(&o->users, f->user) ||
      !any_glob(&o->units, unit) || !any_glob(&o->cgroups, f->cgroup))
    return false;
  return i + 1 == f->relative_rule ||
         (any_glob(&o->names, f->program) && any_command(rule, f->cmdline));
}

static bool automatic_key(enum pm_group_by by, const struct pm_facts *f,
                          const char *unit, struct pm_choice *ret) {
  if (by == PM_BY_CONTAINER)
    return f->cgroup &&
           pm_container_of(f->cgroup, ret->key, sizeof ret->key, &ret->is_id);
  const char *from = by == PM_BY_NAME   ? f->program
                     : by == PM_BY_UNIT ? unit
                                        : f->user;
  if (!from)
    return false;
  pm_copy_text(ret->key, sizeof ret->key, from);
  if (by == PM_BY_UNIT)
    pm_unit_group(ret->key);
  return true;
}

void pm_select_choose(const struct pm_select *s, const struct pm_facts *f,
                      struct pm_choice *ret) {
  const struct pm_select_options *o = s->options;
  char found[PM_PROGRAM];
  const char *unit =
      f->cgroup && pm_unit_of(f->cgroup, found, sizeof found) ? found : NULL;
  ret->rule = -1;
  ret->by = PM_BY_NAME;
  ret->key[0] = '\0';
  ret->is_id = false;
  for (uint32_t i = 0; i < o->rule_count; i++)
    if (rule_matches(s, i, f, unit)) {
      ret->rule = (int)i;
      return;
    }
  for (size_t i = 0; i < o->by_count; i++)
    if (automatic_key(o->by[i], f, unit, ret)) {
      ret->by = o->by[i];
      if (!ret->key[0])
        strcpy(ret->key, "unnamed");
      return;
    }
}
