#include "options/options_control.h"

#include "base/clean.h"

#include "wire/method.h"

#include <errno.h>
#include <grp.h>
#include <math.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

/* ---- users and groups ---- */

/* UINT32_MAX is no id: setresuid(2) takes it for "unchanged". */
static bool is_id(double n) {
  return n >= 0 && n < UINT32_MAX && n == floor(n);
}

/* Digits only. */
static bool number_id(const char *text, uint32_t *ret) {
  char *end;
  if (!*text || text[strspn(text, "0123456789")])
    return false;
  double n = strtod(text, &end);
  if (!is_id(n))
    return false;
  *ret = (uint32_t)n;
  return true;
}

typedef bool find_id(const char *name, char *buffer, size_t size,
                     uint32_t *ret);

static bool find_user(const char *name, char *buffer, size_t size,
                      uint32_t *ret) {
  struct passwd entry, *found = NULL;
  if (getpwnam_r(name, &entry, buffer, size, &found) != 0 || !found)
    return false;
  *ret = found->pw_uid;
  return true;
}

static bool find_group(const char *name, char *buffer, size_t size,
                       uint32_t *ret) {
  struct group entry, *found = NULL;
  if (getgrnam_r(name, &entry, buffer, size, &found) != 0 || !found)
    return false;
  *ret = found->gr_gid;
  return true;
}

/* The buffer is large because a group may have very many members. */
static bool name_id(find_id *find, const char *name, uint32_t *ret) {
  enum { SIZE = 1 << 20 };
  PM_CLEAN_MEM char *buffer = malloc(SIZE);
  return buffer && (find(name, buffer, SIZE, ret) || number_id(name, ret));
}

bool pm_options_is_user(const char *text) {
  uint32_t unused;
  return name_id(find_user, text, &unused);
}

static bool value_id(find_id *find, const oconfig_value_t *value,
                     uint32_t *ret) {
  if (value->type == OCONFIG_TYPE_STRING)
    return name_id(find, value->value.string, ret);
  if (value->type != OCONFIG_TYPE_NUMBER || !is_id(value->value.number))
    return false;
  *ret = (uint32_t)value->value.number;
  return true;
}

static bool add_id(uint32_t **ids, size_t *count, find_id *find,
                   const oconfig_value_t *value) {
  uint32_t id;
  if (!value_id(find, value, &id))
    return false;
  uint32_t *more = realloc(*ids, (*count + 1) * sizeof *more);
  if (!more)
    return false;
  more[(*count)++] = id;
  *ids = more;
  return true;
}

static bool add_ids(uint32_t **ids, size_t *count, find_id *find,
                    const oconfig_item_t *item) {
  for (int i = 0; i < item->values_num; i++)
    if (!add_id(ids, count, find, &item->values[i]))
      return false;
  return item->values_num > 0;
}

/* ---- <Allow> ---- */

static bool set_users(const struct pm_option *o, const oconfig_item_t *item,
                      void *at) {
  (void)o;
  struct pm_allow_rule *rule = at;
  return add_ids(&rule->users, &rule->user_count, find_user, item);
}

static bool set_groups(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  struct pm_allow_rule *rule = at;
  return add_ids(&rule->groups, &rule->group_count, find_group, item);
}

static bool set_methods(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  (void)o;
  struct pm_allow_rule *rule = at;
  for (int i = 0; i < item->values_num; i++) {
    const char *name;
    const struct pm_method *method =
        pm_value_text(item, i, &name) ? pm_method_find(name) : NULL;
    if (!method || method->level != PM_LEVEL_ACT)
      return false;
    rule->method[method - pm_methods] = true;
  }
  return item->values_num > 0;
}

static bool is_self(const oconfig_value_t *value) {
  return value->type == OCONFIG_TYPE_STRING &&
         strcmp(value->value.string, "self") == 0;
}

static bool set_run_as(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  struct pm_allow_rule *rule = at;
  for (int i = 0; i < item->values_num; i++) {
    const oconfig_value_t *value = &item->values[i];
    if (is_self(value))
      rule->as_self = true;
    else if (!add_id(&rule->run_as, &rule->run_as_count, find_user, value))
      return false;
  }
  return item->values_num > 0;
}

/* the acting methods, for the message about a bad value */
#define ACTING_READ(ident) ""
#define ACTING_LIST(ident) ""
#define ACTING_ACT(ident) " \"" #ident "\""
#define PM_METHOD(ident, level, answer, what) ACTING_##level(ident)
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
static const char acting[] = "acting methods:"
#include "wire/method.def"
    ;
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END

#define ALLOW(member) .offset = offsetof(struct pm_allow_rule, member)
static const struct pm_option allow_options[] = {
    {"User", set_users, .adds = true,
     .valid = "names or numbers of users that exist here"},
    {"UnixGroup", set_groups, .adds = true,
     .valid = "names or numbers of groups that exist here"},
    {"Method", set_methods, .adds = true, .valid = acting},
    {"RunAs", set_run_as, .adds = true,
     .valid = "\"self\", names or numbers of users that exist here"},
    {"MaxJobs", pm_value_set_count, ALLOW(jobs), .min = 1, .max = 10000},
    {"MaxLogBytes", pm_value_set_size, ALLOW(log_bytes),
     .valid = PM_VALUE_SIZES},
    {"Sandboxed", pm_value_set_flag, ALLOW(sandboxed)},
};

static const struct pm_option_block allow_block = {
    "Allow", allow_options, sizeof allow_options / sizeof *allow_options, NULL};

static int check_rule(const struct pm_reader *r, const oconfig_item_t *block,
                      struct pm_allow_rule *rule) {
  bool method = false;
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    method |= rule->method[i];
  if (!rule->user_count && !rule->group_count)
    return pm_reader_bad_block(
        r, block,
        "Allow names nobody; valid: at least one User or "
        "UnixGroup");
  if (!method)
    return pm_reader_bad_block(
        r, block, "Allow permits nothing; valid: at least one Method");
  rule->as_self |= rule->run_as_count == 0;
  return 0;
}

static int read_allow(struct pm_allow_options *allow, const struct pm_reader *r,
                      const oconfig_item_t *block) {
  pm_reader_visit(r, block);
  if (block->values_num)
    return pm_reader_bad_value(r, block, "a block without a name");
  struct pm_allow_rule *more =
      realloc(allow->rules, (allow->count + 1) * sizeof *more);
  if (!more)
    return pm_err_set(r->err, ENOMEM, "read a block Allow");
  allow->rules = more;
  struct pm_allow_rule *rule = &more[allow->count++];
  *rule = (struct pm_allow_rule){0};
  uint64_t given = 0;
  struct pm_reader inner = pm_reader_enter(r, &allow_block, &given);
  for (int i = 0; i < block->children_num; i++) {
    int status = pm_reader_option(&inner, &block->children[i], rule);
    if (status < 0)
      return status;
  }
  return check_rule(r, block, rule);
}

/* ---- <Control> ---- */

/* unix(7): sun_path, without the NUL; the text in the table says it too */
enum { SOCKET_MAX = 107 };
_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == SOCKET_MAX + 1,
               "sun_path");

/* The plugin makes the socket's folder and sets its mode, so no other program
 * may use it. */
static bool is_socket(const char *path) {
  static const char *const shared[] = {"",         "/run",     "/tmp",
                                       "/dev/shm", "/var/run", "/var/tmp"};
  const char *slash = strrchr(path, '/');
  if (path[0] != '/' || !slash[1] || strlen(path) > SOCKET_MAX)
    return false;
  size_t length = (size_t)(slash - path);
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
    if (strlen(shared[i]) == length && memcmp(path, shared[i], length) == 0)
      return false;
  return true;
}

static bool set_socket(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  const char *path;
  return item->values_num == 1 && pm_value_text(item, 0, &path) &&
         is_socket(path) && pm_value_set_text(o, item, at);
}

static bool set_socket_group(const struct pm_option *o,
                             const oconfig_item_t *item, void *at) {
  const char *name;
  uint32_t unused;
  return item->values_num == 1 && pm_value_text(item, 0, &name) &&
         name_id(find_group, name, &unused) && pm_value_set_text(o, item, at);
}

/* Write permission for others is accepted as "0666" only, where it can hardly
 * be a mistake. */
static bool is_perms(const char *text, uint32_t *ret) {
  size_t length = strlen(text);
  if (length < 3 || length > 4 || strspn(text, "01234567") != length)
    return false;
  *ret = (uint32_t)strtoul(text, NULL, 8);
  return *ret <= 0777 && (!(*ret & 02) || strcmp(text, "0666") == 0);
}

static bool set_perms(const struct pm_option *o, const oconfig_item_t *item,
                      void *at) {
  (void)o;
  const char *text;
  uint32_t perms;
  if (item->values_num != 1 || !pm_value_text(item, 0, &text) ||
      !is_perms(text, &perms))
    return false;
  *(uint32_t *)at = perms;
  return true;
}

#define CONTROL(member) .offset = offsetof(struct pm_control_options, member)
static const struct pm_option control_options[] = {
    {"Socket", set_socket, CONTROL(socket),
     .valid = "an absolute path of at most 107 bytes, in a folder of its own"},
    {"SocketGroup", set_socket_group, CONTROL(group),
     .valid = "a group that exists here"},
    {"SocketPerms", set_perms, CONTROL(perms),
     .valid = "\"0666\", or 3 or 4 octal digits in quotes, without the right "
              "to write for others"},
};

static const char *const control_blocks[] = {"Allow", NULL};
static const struct pm_option_block control_block = {
    "Control", control_options,
    sizeof control_options / sizeof *control_options, control_blocks};

static int read_control_item(struct pm_control_options *o,
                             const struct pm_reader *r,
                             const oconfig_item_t *item) {
  if (strcasecmp(item->key, "Allow") == 0)
    return read_allow(&o->allow, r, item);
  return pm_reader_option(r, item, o);
}

void pm_options_control_init(struct pm_control_options *o) {
  *o = (struct pm_control_options){.perms = 0660};
}

int pm_options_control_read(struct pm_control_options *o,
                            const struct pm_reader *r,
                            const oconfig_item_t *block) {
  pm_reader_visit(r, block);
  if (block->values_num)
    return pm_reader_bad_value(r, block, "a block without a name");
  if (o->enabled)
    return pm_reader_bad_block(
        r, block, "there is more than one Control; valid: one block");
  o->enabled = true;
  uint64_t given = 0;
  struct pm_reader inner = pm_reader_enter(r, &control_block, &given);
  for (int i = 0; i < block->children_num; i++) {
    int status = read_control_item(o, &inner, &block->children[i]);
    if (status < 0)
      return status;
  }
  return 0;
}

void pm_options_control_done(struct pm_control_options *o) {
  for (size_t i = 0; i < o->allow.count; i++) {
    free(o->allow.rules[i].users);
    free(o->allow.rules[i].groups);
    free(o->allow.rules[i].run_as);
  }
  free(o->allow.rules);
  free(o->socket);
  free(o->group);
  *o = (struct pm_control_options){0};
}
