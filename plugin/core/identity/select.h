/* Which group a process belongs to: the first configured rule that matches,
 * else the first of GroupBy that applies, else none.  Pure once compiled. */
#ifndef PM_CORE_IDENTITY_SELECT_H
#define PM_CORE_IDENTITY_SELECT_H

#include "base/err.h"
#include "base/words.h"
#include "core/identity/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_group_by {
  PM_BY_NAME,
  PM_BY_UNIT,
  PM_BY_USER,
  PM_BY_CONTAINER,
  PM_BY_COUNT
};

struct pm_rule_options {
  char *name; /* of the group */
  struct pm_words names, commands, users, units, cgroups;
  bool full; /* Detail "full" */
  bool notify;
  uint32_t slots; /* PerProcess */
};

/* Does it say anything about which processes belong to it?  One that does not
 * takes none. */
bool pm_select_rule_selects(const struct pm_rule_options *rule);

struct pm_select_options {
  struct pm_rule_options *rules;
  size_t rule_count;
  enum pm_group_by by[PM_BY_COUNT];
  size_t by_count; /* 0: no automatic groups */
  struct pm_words interpreters;
};

/* The parent of a process, or the process as last scanned, with the same
 * program: Name and Command of its rule count as matched. */
struct pm_relative {
  uint32_t rule;       /* 1 + that of the relative; 0 = none */
  const char *program; /* (borrowed) NULL = not known */
};

/* What is known of a process when it is matched. */
struct pm_facts {
  char program[PM_PROGRAM];
  const char *cmdline;    /* blanks between the arguments; NULL = not known */
  const char *user;       /* NULL = not known */
  const char *cgroup;     /* NULL = not known */
  uint32_t relative_rule; /* pm_relative.rule */
};

struct pm_select;

struct pm_choice {
  int rule;             /* >= 0: that configured group; -1: automatic or none */
  enum pm_group_by by;  /* rule == -1 */
  char key[PM_PROGRAM]; /* the automatic group's raw name; "" = none */
  bool is_id;           /* the key is the id of a container */
};

/* options are borrowed until pm_select_free.  -EINVAL: a regular expression is
 * invalid, and err names group and expression. */
int pm_select_new(const struct pm_select_options *options,
                  struct pm_select **ret, struct pm_err *err);
void pm_select_free(struct pm_select *select);

/* The globs of interpreters, ended by NULL, for pm_name_program. */
const char *const *pm_select_interpreters(const struct pm_select *select);

/* What rules and GroupBy need beyond the name. */
struct pm_needs {
  bool cmdline, uid, cgroup;
};
struct pm_needs pm_select_needs(const struct pm_select *select);

void pm_select_choose(const struct pm_select *select,
                      const struct pm_facts *facts, struct pm_choice *ret);

/* Is this an extended regular expression?  -EINVAL with the reason if not. */
int pm_select_check(const char *expression, struct pm_err *err);

#endif
