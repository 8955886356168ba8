#include "options/options.h"

#include "options/options_control.h"
#include "options/reader.h"
#include "options/value.h"

#include "core/account/slot.h"
#include "core/sampler/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- options with a meaning of their own ---- */

static bool set_sampler(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  const char *text;
  if (item->values_num != 1 || !pm_value_text(item, 0, &text))
    return false;
  for (const char *const *name = pm_sample_names; *name; name++)
    if (strcmp(*name, text) == 0)
      return pm_value_set_text(o, item, at);
  return false;
}

static bool set_disk(const struct pm_option *o, const oconfig_item_t *item,
                     void *at) {
  struct pm_disk_options *disk = at;
  const char *text;
  if (item->values_num == 1 && pm_value_text(item, 0, &text) &&
      (strcmp(text, "auto") == 0 || strcmp(text, "none") == 0)) {
    disk->automatic = strcmp(text, "auto") == 0;
    return true;
  }
  for (int i = 0; i < item->values_num; i++)
    if (!pm_value_text(item, i, &text) || text[0] != '/')
      return false;
  disk->automatic = false;
  if (disk->paths.count + (size_t)item->values_num > PM_DISK_MAX)
    return false;
  return pm_value_set_words(o, item, &disk->paths);
}

static bool set_group_by(const struct pm_option *o, const oconfig_item_t *item,
                         void *at) {
  (void)o;
  static const char *const words[PM_BY_COUNT] = {
      [PM_BY_NAME] = "name", [PM_BY_UNIT] = "unit", [PM_BY_USER] = "user"};
  struct pm_select_options *select = at;
  const char *text;
  if (item->values_num == 1 && pm_value_text(item, 0, &text) &&
      strcmp(text, "none") == 0) {
    select->by_count = 0;
    return true;
  }
  int index[PM_BY_COUNT];
  int n = pm_value_indexes(item, words, PM_BY_COUNT, index);
  for (int i = 0; i < n; i++)
    select->by[i] = (enum pm_group_by)index[i];
  if (n > 0)
    select->by_count = (size_t)n;
  return n > 0;
}

const char *const pm_options_lists[PM_TOP_COUNT] = {
    [PM_TOP_CPU] = "cpu", [PM_TOP_RSS] = "rss", [PM_TOP_IO] = "io"};

static bool set_top_by(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  struct pm_admit_options *admit = at;
  int index[PM_TOP_COUNT];
  int n = pm_value_indexes(item, pm_options_lists, PM_TOP_COUNT, index);
  for (int i = 0; i < n; i++)
    admit->by[i] = (enum pm_top_by)index[i];
  if (n > 0)
    admit->by_count = (size_t)n;
  return n > 0;
}

static bool set_detail(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  static const char *const words[] = {"basic", "full"};
  int index[2];
  if (pm_value_indexes(item, words, 2, index) != 1)
    return false;
  *(bool *)at = index[0] == 1;
  return true;
}

static bool set_meta(const struct pm_option *o, const oconfig_item_t *item,
                     void *at) {
  (void)o;
  static const char *const words[] = {"pid", "user", "command"};
  struct pm_options *options = at;
  int index[3];
  int n = pm_value_indexes(item, words, 3, index);
  for (int i = 0; i < n; i++) {
    options->meta_pid |= index[i] == 0;
    options->cycle.meta_user |= index[i] == 1;
    options->cycle.meta_command |= index[i] == 2;
  }
  return n > 0;
}

static bool set_commands(const struct pm_option *o, const oconfig_item_t *item,
                         void *at) {
  const char *text;
  for (int i = 0; i < item->values_num; i++)
    if (!pm_value_text(item, i, &text) || pm_select_check(text, NULL) < 0)
      return false;
  return pm_value_set_words(o, item, at);
}

/* ---- the tables ---- */

#define TOP(member) offsetof(struct pm_options, member)
static const struct pm_option top_options[] = {
    {"Sampler", set_sampler, TOP(cycle.sampler), 0, 0,
     "\"auto\", \"bpf\" or \"proc\""},
    {"System", pm_value_set_flag, TOP(cycle.system), 0, 0, "true or false"},
    {"Disk", set_disk, TOP(cycle.disk), 0, 0,
     "\"auto\", \"none\" or at most 64 absolute paths"},
    {"Temperatures", pm_value_set_flag, TOP(cycle.temperatures), 0, 0,
     "true or false"},
    {"GroupBy", set_group_by, TOP(cycle.select), 0, 0,
     "\"none\", or a list of \"name\", \"unit\", \"user\" without repeats"},
    {"Top", pm_value_set_count, TOP(cycle.admit.top), 0, 1000, "0 to 1000"},
    {"TopBy", set_top_by, TOP(cycle.admit), 0, 0,
     "a list of \"cpu\", \"rss\", \"io\" without repeats"},
    {"MaxGroups", pm_value_set_count, TOP(cycle.admit.max_groups), 0, 4096,
     "0 to 4096"},
    {"NewNamesPerHour", pm_value_set_count, TOP(cycle.admit.names_per_hour), 0,
     100000, "0 to 100000"},
    {"MaxNames", pm_value_set_count, TOP(cycle.admit.max_names), 0, 100000,
     "0 to 100000"},
    {"Detail", set_detail, TOP(cycle.full), 0, 0, "\"basic\" or \"full\""},
    {"Interpreters", pm_value_set_words, TOP(cycle.select.interpreters), 0, 0,
     "globs on names of interpreters"},
    {"Disable", pm_value_set_words, TOP(disable), 0, 0,
     "globs on PLUGIN/TYPE-INSTANCE"},
    {"MetaData", set_meta, 0, 0, 0,
     "a list of \"pid\", \"user\", \"command\" without repeats"},
    {"ProcPath", pm_value_set_text, TOP(cycle.proc_path), 0, 0, "a directory"},
    {"SysPath", pm_value_set_text, TOP(cycle.sys_path), 0, 0, "a directory"},
    {"Helper", pm_value_set_text, TOP(cycle.helper), 0, 0,
     "the path of procman-hold"},
    {"Strict", pm_value_set_flag, TOP(strict), 0, 0, "true or false"},
};

#define RULE(member) offsetof(struct pm_rule_options, member)
static const struct pm_option group_options[] = {
    {"Name", pm_value_set_words, RULE(names), 0, 0,
     "globs on the program's name"},
    {"Command", set_commands, RULE(commands), 0, 0,
     "extended regular expressions (regex(7))"},
    {"User", pm_value_set_words, RULE(users), 0, 0, "names of users"},
    {"Unit", pm_value_set_words, RULE(units), 0, 0, "globs on systemd units"},
    {"Cgroup", pm_value_set_words, RULE(cgroups), 0, 0,
     "globs on cgroup paths"},
    {"Detail", set_detail, RULE(full), 0, 0, "\"basic\" or \"full\""},
    {"PerProcess", pm_value_set_count, RULE(slots), 0, PM_SLOT_MAX, "0 to 64"},
    {"Notify", pm_value_set_flag, RULE(notify), 0, 0, "true or false"},
};

enum {
  TOP_COUNT = sizeof top_options / sizeof *top_options,
  GROUP_COUNT = sizeof group_options / sizeof *group_options,
};

/* ---- reading ---- */

static bool is_group_name(const struct pm_options *o, const char *name) {
  char identifier[PM_NAME], other[PM_NAME];
  if (!*name || *name == '_' || strncmp(name, "job@", 4) == 0)
    return false;
  pm_name_identifier(name, false, identifier);
  for (size_t i = 0; i < o->cycle.select.rule_count; i++) {
    pm_name_identifier(o->cycle.select.rules[i].name, false, other);
    if (pm_name_same(identifier, other))
      return false;
  }
  return true;
}

static int read_group(const struct pm_reader *r, const oconfig_item_t *item) {
  struct pm_select_options *select = &r->options->cycle.select;
  const char *name;
  if (item->values_num != 1 || !pm_value_text(item, 0, &name) ||
      !is_group_name(r->options, name))
    return pm_reader_bad_value(
        r, item,
        "one name that no other group has (\".\" and \"_\" count "
        "as equal) and that begins neither with \"_\" nor with "
        "\"job@\"");
  struct pm_rule_options *rules =
      realloc(select->rules, (select->rule_count + 1) * sizeof *rules);
  char *copy = strdup(name);
  if (rules)
    select->rules = rules;
  if (!rules || !copy) {
    free(copy);
    return pm_err_set(r->err, ENOMEM, "read the group %s", name);
  }
  struct pm_rule_options *rule = &rules[select->rule_count++];
  *rule = (struct pm_rule_options){.name = copy, .full = true};
  for (int i = 0; i < item->children_num; i++) {
    int status = pm_reader_option(r, &item->children[i], group_options,
                                  GROUP_COUNT, rule);
    if (status < 0)
      return status;
  }
  return 0;
}

static int check_groups(const struct pm_reader *r,
                        const oconfig_item_t *block) {
  const struct pm_options *o = r->options;
  char fault[160];
  if (o->cycle.select.rule_count <= o->cycle.admit.max_groups)
    return 0;
  snprintf(fault, sizeof fault,
           "MaxGroups is %u, but %zu groups are configured; valid: at least "
           "%zu",
           o->cycle.admit.max_groups, o->cycle.select.rule_count,
           o->cycle.select.rule_count);
  return pm_reader_bad_block(r, block, fault);
}

static int read_item(const struct pm_reader *r, const oconfig_item_t *item) {
  if (strcasecmp(item->key, "Group") == 0)
    return read_group(r, item);
  if (strcasecmp(item->key, "Control") == 0)
    return pm_options_control_read(r, item);
  return pm_reader_option(r, item, top_options, TOP_COUNT, r->options);
}

int pm_options_read(struct pm_options *o, const oconfig_item_t *block,
                    void (*log)(const char *text), struct pm_err *err) {
  struct pm_reader r = {o, log, err};
  for (int i = 0; i < block->children_num; i++) {
    int status = read_item(&r, &block->children[i]);
    if (status < 0)
      return status;
  }
  if (o->strict && o->unknown_count)
    return pm_err_say(err, EINVAL, "Strict is true and %u options are unknown",
                      o->unknown_count);
  return check_groups(&r, block);
}

/* ---- defaults ---- */

static const char *const interpreters[] = {
    "python*", "java", "node",      "nodejs", "perl*",
    "ruby*",   "php",  "php[0-9]*", "sh",     "bash",
    "dash",    "zsh",  "ksh*",      "lua*",   "Rscript",
};

static bool set_default_text(char **at, const char *text) {
  *at = strdup(text);
  return *at;
}

int pm_options_init(struct pm_options *o) {
  *o = (struct pm_options){
      .cycle = {.system = true,
                .temperatures = true,
                .disk.automatic = true,
                .select = {.by = {PM_BY_NAME}, .by_count = 1},
                .admit = {.top = 20,
                          .by = {PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO},
                          .by_count = 3,
                          .max_groups = 64,
                          .names_per_hour = 20,
                          .max_names = 500}},
      .control.perms = 0660,
  };
  bool done = set_default_text(&o->cycle.sampler, "auto") &&
              set_default_text(&o->cycle.proc_path, "/proc") &&
              set_default_text(&o->cycle.sys_path, "/sys") &&
              set_default_text(&o->cycle.helper, PM_HELPER);
  for (size_t i = 0; done && i < sizeof interpreters / sizeof *interpreters;
       i++)
    done = pm_words_add(&o->cycle.select.interpreters, interpreters[i]) == 0;
  if (done)
    return 0;
  pm_options_done(o);
  return -ENOMEM;
}

static void free_rule(struct pm_rule_options *rule) {
  free(rule->name);
  pm_words_done(&rule->names);
  pm_words_done(&rule->commands);
  pm_words_done(&rule->users);
  pm_words_done(&rule->units);
  pm_words_done(&rule->cgroups);
}

void pm_options_done(struct pm_options *o) {
  free(o->cycle.sampler);
  free(o->cycle.proc_path);
  free(o->cycle.sys_path);
  free(o->cycle.helper);
  pm_words_done(&o->cycle.disk.paths);
  for (size_t i = 0; i < o->cycle.select.rule_count; i++)
    free_rule(&o->cycle.select.rules[i]);
  free(o->cycle.select.rules);
  pm_words_done(&o->cycle.select.interpreters);
  pm_words_done(&o->disable);
  pm_options_control_done(&o->control);
  *o = (struct pm_options){0};
}
