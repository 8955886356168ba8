#include "core/identity/classify.h"

#include "base/copy.h"
#include "core/parse/parse_pid.h"

#include <string.h>

void pm_classify_init(struct pm_classifier *c, const struct pm_select *select) {
  c->select = select;
  pm_text_cache_init(&c->names, PM_FULL_NAMES);
}

void pm_classify_done(struct pm_classifier *c) {
  pm_text_cache_done(&c->names);
}

static void name_program(const struct pm_classifier *c,
                         const struct pm_evidence *e, char ret[PM_PROGRAM]) {
  struct pm_name_hints hints = {e->comm, e->exe, e->cmdline, e->cmdline_length};
  pm_name_program(&hints, pm_select_interpreters(c->select), ret);
}

/* ---- names that comm cuts ---- */

/* A comm that is cut fills all of them but the NUL. */
_Static_assert((int)PM_COMM == (int)PM_TEXT_KEY,
               "a comm is the key of its whole name");

/* A vague one may be of any program. */
static bool has_rest(const char *comm) {
  return pm_name_is_cut(comm) && !pm_name_is_vague(comm);
}

static void remember_name(struct pm_classifier *c, const char *comm,
                          const char *program) {
  if (has_rest(comm))
    pm_text_cache_put(&c->names, comm, program);
}

static const char *recall_name(struct pm_classifier *c, const char *comm) {
  return has_rest(comm) ? pm_text_cache_get(&c->names, comm) : NULL;
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

void pm_classify_ended(struct pm_classifier *c, const struct pm_evidence *e,
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
