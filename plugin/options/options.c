#include "options/options.h"

#include "options/location.h"
#include "options/options_control.h"
#include "options/options_jobs.h"
#include "options/reader.h"
#include "options/value.h"

#include "core/account/slot.h"
#include "core/identity/name.h"
#include "core/identity/select.h"
#include "core/sampler/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- setters of single options ---- */

static const char *const disk_words[] = {"auto", "none", NULL};

static bool set_disk(const struct pm_option *o, const oconfig_item_t *item,
                     void *at) {
  struct pm_disk_options *disk = at;
  const char *text;
  int index;
  if (item->values_num == 1 && pm_value_indexes(o, item, &index) == 1) {
    disk->automatic = index == 0;
    return true;
  }
  for (int i = 0; i < item->values_num; i++)
    if (!pm_value_text(item, i, &text) || text[0] != '/')
      return false;
  disk->automatic = false;
  if (disk->paths.count + (size_t)item->values_num > o->max)
    return false;
  return pm_value_set_words(o, item, &disk->paths);
}

/* NULL instead of "none". */
static bool set_state_dir(const struct pm_option *o, const oconfig_item_t *item,
                          void *at) {
  enum { MOST = 512 };
  const char *path;
  if (pm_value_is(item, o->alone)) {
    free(*(char **)at);
    *(char **)at = NULL;
    return true;
  }
  if (item->values_num != 1 || !pm_value_text(item, 0, &path) ||
      path[0] != '/' || strspn(path, "/") == strlen(path) ||
      strlen(path) > MOST || !pm_value_set_text(o, item, at))
    return false;
  /* or O_NOFOLLOW would follow it */
  char *text = *(char **)at;
  for (size_t n = strlen(text); text[n - 1] == '/'; n--)
    text[n - 1] = '\0';
  return true;
}

static const char *const group_by_words[PM_BY_COUNT + 1] = {
    [PM_BY_NAME] = "name",
    [PM_BY_UNIT] = "unit",
    [PM_BY_USER] = "user",
    [PM_BY_CONTAINER] = "container"};

static bool set_group_by(const struct pm_option *o, const oconfig_item_t *item,
                         void *at) {
  struct pm_select_options *select = at;
  if (pm_value_is(item, o->alone)) {
    select->by_count = 0;
    return true;
  }
  int index[PM_BY_COUNT];
  int n = pm_value_indexes(o, item, index);
  for (int i = 0; i < n; i++)
    select->by[i] = (enum pm_group_by)index[i];
  if (n > 0)
    select->by_count = (size_t)n;
  return n > 0;
}

const char *const pm_options_top_by[PM_TOP_COUNT + 1] = {
    [PM_TOP_CPU] = "cpu", [PM_TOP_RSS] = "rss", [PM_TOP_IO] = "io"};

static bool set_top_by(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  struct pm_admit_options *admit = at;
  int index[PM_TOP_COUNT];
  int n = pm_value_indexes(o, item, index);
  for (int i = 0; i < n; i++)
    admit->by[i] = (enum pm_top_by)index[i];
  if (n > 0)
    admit->by_count = (size_t)n;
  return n > 0;
}

enum { DETAIL_BASIC, DETAIL_FULL, DETAIL_COUNT };
static const char *const detail_words[DETAIL_COUNT + 1] = {
    [DETAIL_BASIC] = "basic", [DETAIL_FULL] = "full"};

static bool set_detail(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  int index[DETAIL_COUNT];
  if (pm_value_indexes(o, item, index) != 1)
    return false;
  *(bool *)at = index[0] == DETAIL_FULL;
  return true;
}

enum { META_PID, META_USER, META_COMMAND, META_COUNT };
static const char *const meta_words[META_COUNT + 1] = {
    [META_PID] = "pid", [META_USER] = "user", [META_COMMAND] = "command"};

static bool set_meta(const struct pm_option *o, const oconfig_item_t *item,
                     void *at) {
  struct pm_options *options = at;
  int index[META_COUNT];
  int n = pm_value_indexes(o, item, index);
  for (int i = 0; i < n; i++) {
    options->meta_pid |= index[i] == META_PID;
    options->cycle.meta_user |= index[i] == META_USER;
    options->cycle.meta_command |= index[i] == META_COMMAND;
  }
  return n > 0;
}

/* No error: the user may be added later. */
static int doubt_user(const char *text, struct pm_err *err) {
  return pm_options_is_user(text)
             ? 0
             : pm_err_say(err, ENOENT, "there is no user \"%.100s\" here",
                          text);
}

/* ---- the tables ---- */

#define TOP(member) .offset = offsetof(struct pm_options, member)
static const struct pm_option top_options[] = {
    {"Sampler", pm_value_set_word, TOP(cycle.sampler),
     .words = pm_sample_names},
    {"System", pm_value_set_flag, TOP(cycle.system)},
    {"Disk", set_disk, TOP(cycle.disk), .words = disk_words, .max = PM_DISK_MAX,
     .adds = true, .valid = "absolute paths"},
    {"Temperatures", pm_value_set_flag, TOP(cycle.temperatures)},
    {"GroupBy", set_group_by, TOP(cycle.select), .words = group_by_words,
     .list = true, .alone = "none"},
    {"Top", pm_value_set_count, TOP(cycle.admit.top), .max = 1000},
    {"TopBy", set_top_by, TOP(cycle.admit), .words = pm_options_top_by,
     .list = true},
    {"MaxGroups", pm_value_set_count, TOP(cycle.admit.max_groups), .max = 4096},
    {"NewNamesPerHour", pm_value_set_count, TOP(cycle.admit.names_per_hour),
     .max = 100000},
    {"MaxNames", pm_value_set_count, TOP(cycle.admit.max_names), .max = 100000},
    {"Detail", set_detail, TOP(cycle.full), .words = detail_words},
    {"Interpreters", pm_value_set_words, TOP(cycle.select.interpreters),
     .valid = "globs on names of interpreters"},
    {"Disable", pm_value_set_words, TOP(disable),
     .valid = "globs on PLUGIN/TYPE-INSTANCE"},
    {"MetaData", set_meta, .words = meta_words, .list = true, .adds = true},
    {"ProcPath", pm_value_set_text, TOP(cycle.proc_path),
     .valid = "a directory"},
    {"SysPath", pm_value_set_text, TOP(cycle.sys_path), .valid = "a directory"},
    {"StateDir", set_state_dir, TOP(cycle.state_dir), .alone = "none",
     .valid = "an absolute path of at most 512 bytes"},
    {"Helper", pm_value_set_text, TOP(cycle.helper),
     .valid = "the path of procman-hold"},
    {"Strict", pm_value_set_flag, TOP(strict)},
};

#define RULE(member) .offset = offsetof(struct pm_rule_options, member)
static const struct pm_option group_options[] = {
    {"Name", pm_value_set_words, RULE(names),
     .valid = "globs on the program's name"},
    {"Command", pm_value_set_words, RULE(commands), .check = pm_select_check,
     .valid = "extended regular expressions (regex(7))"},
    {"User", pm_value_set_words, RULE(users), .doubt = doubt_user,
     .valid = "names of users"},
    {"Unit", pm_value_set_words, RULE(units),
     .valid = "globs on systemd units"},
    {"Cgroup", pm_value_set_words, RULE(cgroups),
     .valid = "globs on cgroup paths"},
    {"Detail", set_detail, RULE(full), .words = detail_words},
    {"PerProcess", pm_value_set_count, RULE(slots), .max = PM_SLOT_MAX},
    {"Notify", pm_value_set_flag, RULE(notify)},
};

static const char *const top_blocks[] = {"Group", "Control", "Jobs", NULL};
static const struct pm_option_block top_block = {
    "Plugin procman", top_options, sizeof top_options / sizeof *top_options,
    top_blocks};
static const struct pm_option_block group_block = {
    "Group", group_options, sizeof group_options / sizeof *group_options, NULL};

_Static_assert(sizeof top_options / sizeof *top_options <= PM_BLOCK_OPTIONS,
               "PM_BLOCK_OPTIONS");

/* ---- reading ---- */

static bool is_group_name(const char *name) {
  char identifier[PM_NAME];
  pm_name_identifier(name, false, identifier);
  return *name && *identifier != '_' && *identifier != '.' &&
         strncmp(identifier, "job@", 4) != 0;
}

/* The identifier counts: two texts may give the same. */
static const char *find_same_group(const struct pm_options *o,
                                   const char *name) {
  char identifier[PM_NAME], other[PM_NAME];
  pm_name_identifier(name, false, identifier);
  for (size_t i = 0; i < o->cycle.select.rule_count; i++) {
    pm_name_identifier(o->cycle.select.rules[i].name, false, other);
    if (pm_name_same(identifier, other))
      return o->cycle.select.rules[i].name;
  }
  return NULL;
}

static int check_group_name(const struct pm_options *o,
                            const struct pm_reader *r,
                            const oconfig_item_t *item, const char **name) {
  struct pm_err why = PM_ERR_INIT;
  char place[512];
  if (item->values_num != 1 || !pm_value_text(item, 0, name) ||
      !is_group_name(*name))
    return pm_reader_bad_value(
        r, item,
        "one name that no other group has and that begins neither with \"_\" "
        "nor with \"job@\" (\".\" and all but letters, digits and \"_@+-\" "
        "count as \"_\")");
  const char *same = find_same_group(o, *name);
  if (!same)
    return 0;
  pm_location(&(struct pm_location_of){item->key, same, 0}, place,
              sizeof place);
  pm_err_say(&why, EEXIST, "the group \"%.100s\" at %s has the same name", same,
             place);
  return pm_reader_bad_value_as(r, item, &why,
                                "one name that no other group has");
}

/* A typing error in a key must not give the group every process. */
static int check_selects(const struct pm_rule_options *rule,
                         const struct pm_reader *r, const oconfig_item_t *item,
                         bool has_unknown) {
  char fault[256];
  if (pm_select_rule_selects(rule))
    return 0;
  if (has_unknown) {
    snprintf(fault, sizeof fault,
             "the group \"%.100s\" takes no process: no key that this version "
             "knows says which",
             rule->name);
    pm_reader_warn(r, item, fault);
    return 0;
  }
  snprintf(fault, sizeof fault,
           "nothing says which processes belong to the group \"%.100s\"; "
           "valid: at least one of Name, Command, User, Unit and Cgroup",
           rule->name);
  return pm_reader_bad_block(r, item, fault);
}

static int read_group(struct pm_options *o, const struct pm_reader *r,
                      const oconfig_item_t *item) {
  struct pm_select_options *select = &o->cycle.select;
  const char *name;
  pm_reader_visit(r, item);
  int status = check_group_name(o, r, item, &name);
  if (status < 0)
    return status;
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
  uint64_t given = 0;
  struct pm_reader inner = pm_reader_enter(r, &group_block, &given);
  unsigned unknown = r->unknown->count;
  for (int i = 0; i < item->children_num; i++) {
    status = pm_reader_option(&inner, &item->children[i], rule);
    if (status < 0)
      return status;
  }
  return check_selects(rule, r, item, r->unknown->count > unknown);
}

static int check_groups(const struct pm_options *o, struct pm_err *err) {
  uint32_t most = o->cycle.admit.max_groups;
  size_t count = o->cycle.select.rule_count;
  if (count <= most)
    return 0;
  return pm_err_say(err, EINVAL,
                    "<Plugin procman>: MaxGroups is %u, but %zu groups are "
                    "configured; valid: at least %zu",
                    most, count, count);
}

static int read_control(struct pm_options *o, const struct pm_reader *r,
                        const oconfig_item_t *block) {
  int status = pm_options_control_read(&o->control, r, block);
  o->cycle.control = o->control.enabled;
  return status;
}

static int read_item(struct pm_options *o, const struct pm_reader *r,
                     const oconfig_item_t *item) {
  if (strcasecmp(item->key, "Group") == 0)
    return read_group(o, r, item);
  if (strcasecmp(item->key, "Control") == 0)
    return read_control(o, r, item);
  if (strcasecmp(item->key, "Jobs") == 0)
    return pm_options_jobs_read(&o->jobs, r, item);
  return pm_reader_option(r, item, o);
}

/* Where a path is relative, only while the configuration is read; where the
 * whole block is dropped, too, only afterwards.  It may be one that is not
 * empty and that another <Plugin procman> has: what this says counts at the
 * end. */
static void look_for_control(struct pm_options *o) {
  o->control_stands |= pm_location_has_block(NULL, "Control");
}

int pm_options_read(struct pm_options *o, const oconfig_item_t *block,
                    void (*log)(const char *text), struct pm_err *err) {
  struct pm_reader r = {.unknown = &o->unknown,
                        .seen = &o->seen,
                        .log = log,
                        .err = err,
                        .block = &top_block,
                        .given = &o->given};
  for (int i = 0; i < block->children_num; i++) {
    int status = read_item(o, &r, &block->children[i]);
    if (status < 0)
      return status;
  }
  look_for_control(o);
  if (o->strict && o->unknown.count)
    return pm_err_say(err, EINVAL, "Strict is true and %u options are unknown",
                      o->unknown.count);
  return 0;
}

int pm_options_finish(struct pm_options *o, void (*log)(const char *text),
                      struct pm_err *err) {
  const struct pm_admit_options *admit = &o->cycle.admit;
  char text[160];
  o->jobs.names_per_hour = admit->names_per_hour;
  look_for_control(o);
  if (!o->control.enabled && o->control_stands)
    o->cycle.control = o->control.enabled = true;
  if (admit->top > admit->max_groups) {
    snprintf(text, sizeof text,
             "<Plugin procman>: Top is %u, but there are at most %u groups: "
             "MaxGroups",
             admit->top, admit->max_groups);
    log(text);
  }
  return check_groups(o, err);
}

/* ---- defaults ---- */

static const char *const interpreters[] = {
    "python*", "java",      "node",    "nodejs", "perl*", "ruby*",
    "php",     "php[0-9]*", "sh",      "bash",   "dash",  "zsh",
    "ksh*",    "lua*",      "Rscript", "deno",   "bun",
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
  };
  pm_options_control_init(&o->control);
  bool done = pm_options_jobs_init(&o->jobs) &&
              set_default_text(&o->cycle.sampler, "auto") &&
              set_default_text(&o->cycle.proc_path, "/proc") &&
              set_default_text(&o->cycle.sys_path, "/sys") &&
              set_default_text(&o->cycle.helper, PM_HELPER) &&
              /* nobody else can write there */
              (geteuid() != 0 ||
               set_default_text(&o->cycle.state_dir, "/var/lib/procman"));
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
  free(o->cycle.state_dir);
  pm_words_done(&o->cycle.disk.paths);
  for (size_t i = 0; i < o->cycle.select.rule_count; i++)
    free_rule(&o->cycle.select.rules[i]);
  free(o->cycle.select.rules);
  pm_words_done(&o->cycle.select.interpreters);
  pm_words_done(&o->disable);
  pm_words_done(&o->seen);
  pm_options_jobs_done(&o->jobs);
  pm_options_control_done(&o->control);
  *o = (struct pm_options){0};
}
