#include "core/identity/classify.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

void pm_classify_init(struct pm_classifier *face, const struct pm_root *root,
                      struct pm_probe *probe, const struct pm_select *select) {
  face->root = root;
  face->probe = probe;
  face->select = select;
  pm_cgroups_init(&face->cgroups, root);
}

void pm_classify_done(struct pm_classifier *face) {
  pm_cgroups_done(&face->cgroups);
}

static unsigned wanted(const struct pm_classifier *face,
                       const struct pm_task *task) {
  const char *comm = task->comm;
  struct pm_needs needs = pm_select_needs(face->select);
  const char *const *interpreters = pm_select_interpreters(face->select);
  unsigned want = 0;
  if (pm_name_is_cut(comm))
    want |= PM_WANT_EXE;
  if (needs.cmdline || pm_name_is_interpreter(comm, interpreters))
    want |= PM_WANT_CMDLINE;
  if (needs.uid && !(task->flags & PM_TASK_OWNER))
    want |= PM_WANT_UID;
  if (needs.cgroup)
    want |= PM_WANT_CGROUP;
  return want;
}

static void look(struct pm_classifier *face, struct pm_now now,
                 const struct pm_task *task, unsigned want) {
  struct pm_detail *d = &face->detail;
  if (want && pm_detail_read(face->root, face->probe, now, task->pid,
                             task->birth, want, d) == 0)
    return;
  /* nothing was asked, or it is gone and whatever came is a stranger's */
  d->got = 0;
  d->slow = false;
  d->exe[0] = d->cmdline[0] = '\0';
  d->cmdline_length = 0;
}

static void name_it(struct pm_classifier *face, const char *comm) {
  const struct pm_detail *d = &face->detail;
  struct pm_name_hints hints = {comm, d->exe, d->cmdline, d->cmdline_length};
  pm_name_program(&hints, pm_select_interpreters(face->select),
                  face->facts.program);
}

/* Arguments end with a NUL each; rules see blanks between them. */
static const char *flat_cmdline(struct pm_classifier *face) {
  const struct pm_detail *d = &face->detail;
  if (!(d->got & PM_WANT_CMDLINE) || d->cmdline_length == 0)
    return NULL;
  size_t n = d->cmdline_length;
  memcpy(face->cmdline, d->cmdline, n);
  while (n > 0 && face->cmdline[n - 1] == '\0')
    n--;
  for (size_t i = 0; i < n; i++)
    if (face->cmdline[i] == '\0')
      face->cmdline[i] = ' ';
  face->cmdline[n] = '\0';
  return face->cmdline;
}

/* ---- names that comm cuts ---- */

static struct pm_full_name *name_slot(struct pm_classifier *face,
                                      const char *comm) {
  return &face->names[pm_hash(comm) % PM_FULL_NAMES];
}

static void learn_name(struct pm_classifier *face, const struct pm_task *task) {
  struct pm_full_name *slot = name_slot(face, task->comm);
  if (!pm_name_is_cut(task->comm))
    return;
  memcpy(slot->comm, task->comm, sizeof slot->comm);
  memcpy(slot->program, face->facts.program, sizeof slot->program);
}

static void recall_name(struct pm_classifier *face,
                        const struct pm_task *task) {
  const struct pm_full_name *slot = name_slot(face, task->comm);
  if (pm_name_is_cut(task->comm) && strcmp(slot->comm, task->comm) == 0)
    memcpy(face->facts.program, slot->program, sizeof slot->program);
}

/* ---- facts ---- */

static void know_owner(struct pm_classifier *face, struct pm_now now,
                       const struct pm_task *task) {
  const struct pm_detail *d = &face->detail;
  bool told = task->flags & PM_TASK_OWNER;
  face->facts.user = NULL;
  if (pm_select_needs(face->select).uid && (told || d->got & PM_WANT_UID))
    face->facts.user =
        pm_user_name(&face->users, face->probe, now, told ? task->uid : d->uid);
}

static void know_cgroup(struct pm_classifier *face,
                        const struct pm_task *task) {
  const struct pm_detail *d = &face->detail;
  face->facts.cgroup = d->got & PM_WANT_CGROUP ? d->cgroup : NULL;
  if (face->facts.cgroup && task->flags & PM_TASK_CGROUP)
    pm_cgroups_learn(&face->cgroups, task->cgroup, d->cgroup);
}

bool pm_classify(struct pm_classifier *face, struct pm_now now,
                 const struct pm_task *task, struct pm_choice *ret) {
  unsigned want = wanted(face, task);
  look(face, now, task, want);
  name_it(face, task->comm);
  bool cut = pm_name_is_cut(face->facts.program);
  if (cut && !(want & PM_WANT_CMDLINE)) { /* exe did not tell: a script */
    look(face, now, task, want | PM_WANT_CMDLINE);
    name_it(face, task->comm);
  }
  learn_name(face, task);
  face->facts.cmdline = flat_cmdline(face);
  face->facts.relative_rule = 0;
  know_owner(face, now, task);
  know_cgroup(face, task);
  pm_select_choose(face->select, &face->facts, ret);
  return face->detail.slow;
}

void pm_classify_dead(struct pm_classifier *face, struct pm_now now,
                      const struct pm_task *task, const struct pm_relative *kin,
                      struct pm_choice *ret) {
  look(face, now, task, 0);
  name_it(face, task->comm);
  recall_name(face, task);
  if (kin->program)
    snprintf(face->facts.program, PM_PROGRAM, "%s", kin->program);
  face->facts.cmdline = NULL;
  face->facts.relative_rule = kin->rule;
  know_owner(face, now, task);
  face->facts.cgroup =
      task->flags & PM_TASK_CGROUP && pm_select_needs(face->select).cgroup
          ? pm_cgroups_path(&face->cgroups, task->cgroup)
          : NULL;
  pm_select_choose(face->select, &face->facts, ret);
}
