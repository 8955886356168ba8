#include "core/identity/classify.h"

#include "base/copy.h"
#include "base/hash.h"
#include "core/parse/parse_pid.h"

#include <string.h>

void pm_classify_init(struct pm_classifier *c, const struct pm_select *select) {
  c->select = select;
}

static void name_program(const struct pm_classifier *c,
                         const struct pm_evidence *e, char ret[PM_PROGRAM]) {
  struct pm_name_hints hints = {e->comm, e->exe, e->cmdline, e->cmdline_length};
  pm_name_program(&hints, pm_select_interpreters(c->select), ret);
}

/* ---- names that comm cuts ---- */

static size_t place_of(const char *comm) {
  return pm_hash(comm) % PM_FULL_NAMES;
}

static void remember_name(struct pm_classifier *c, const char *comm,
                          const char *program) {
  struct pm_full_name *name = &c->names[place_of(comm)];
  if (!pm_name_is_cut(comm))
    return;
  pm_copy_text(name->comm, sizeof name->comm, comm);
  pm_copy_text(name->program, sizeof name->program, program);
}

static const char *recall_name(const struct pm_classifier *c,
                               const char *comm) {
  const struct pm_full_name *name = &c->names[place_of(comm)];
  bool known = pm_name_is_cut(comm) && strcmp(name->comm, comm) == 0;
  return known ? name->program : NULL;
}

/* ---- choosing ---- */

void pm_classify(struct pm_classifier *c, const struct pm_evidence *e,
                 struct pm_choice *ret) {
  struct pm_facts facts = {.user = e->user, .cgroup = e->cgroup};
  char cmdline[PM_CLASSIFY_CMDLINE];
  name_program(c, e, facts.program);
  remember_name(c, e->comm, facts.program);
  if (e->cmdline_known && e->cmdline_length > 0) {
    pm_parse_cmdline(e->cmdline, e->cmdline_length, cmdline, sizeof cmdline);
    facts.cmdline = cmdline;
  }
  pm_select_choose(c->select, &facts, ret);
}

void pm_classify_ended(const struct pm_classifier *c,
                       const struct pm_evidence *e,
                       const struct pm_relative *relative,
                       struct pm_choice *ret) {
  struct pm_facts facts = {
      .user = e->user, .cgroup = e->cgroup, .relative_rule = relative->rule};
  const char *whole =
      relative->program ? relative->program : recall_name(c, e->comm);
  if (whole)
    pm_copy_text(facts.program, sizeof facts.program, whole);
  else
    name_program(c, e, facts.program);
  pm_select_choose(c->select, &facts, ret);
}
