#include "core/face.h"

#include <string.h>

static unsigned wanted(const struct pm_face *face, const char *comm) {
  struct pm_needs needs = pm_select_needs(face->select);
  const char *const *interpreters = pm_select_interpreters(face->select);
  unsigned want = 0;
  if (pm_name_is_cut(comm))
    want |= PM_WANT_EXE;
  if (needs.cmdline || pm_name_is_interpreter(comm, interpreters))
    want |= PM_WANT_CMDLINE;
  if (needs.uid)
    want |= PM_WANT_UID;
  if (needs.cgroup)
    want |= PM_WANT_CGROUP;
  return want;
}

static void look(struct pm_face *face, struct pm_now now,
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

static void name_it(struct pm_face *face, const char *comm) {
  const struct pm_detail *d = &face->detail;
  struct pm_name_hints hints = {comm, d->exe, d->cmdline, d->cmdline_length};
  pm_name_program(&hints, pm_select_interpreters(face->select),
                  face->facts.program);
}

/* Arguments end with a NUL each; rules see blanks between them. */
static const char *flat_cmdline(struct pm_face *face) {
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

bool pm_face_choose(struct pm_face *face, struct pm_now now,
                    const struct pm_task *task, struct pm_choice *ret) {
  const struct pm_detail *d = &face->detail;
  unsigned want = wanted(face, task->comm);
  look(face, now, task, want);
  name_it(face, task->comm);
  bool cut = pm_name_is_cut(face->facts.program);
  if (cut && !(want & PM_WANT_CMDLINE)) { /* exe did not tell: a script */
    look(face, now, task, want | PM_WANT_CMDLINE);
    name_it(face, task->comm);
  }
  face->facts.cmdline = flat_cmdline(face);
  face->facts.cgroup = d->got & PM_WANT_CGROUP ? d->cgroup : NULL;
  face->facts.user = d->got & PM_WANT_UID
                         ? pm_user_name(&face->users, face->probe, now, d->uid)
                         : NULL;
  pm_select_choose(face->select, &face->facts, ret);
  return d->slow;
}

void pm_face_choose_dead(struct pm_face *face, const struct pm_task *task,
                         struct pm_choice *ret) {
  struct pm_now never = {0};
  look(face, never, task, 0);
  name_it(face, task->comm);
  face->facts.cmdline = face->facts.cgroup = face->facts.user = NULL;
  pm_select_choose(face->select, &face->facts, ret);
}
