#include "core/cycle/assign.h"

#include "core/account/slot.h"
#include "core/cycle/cmdline.h"

#include <errno.h>
#include <string.h>

enum { FACE_TURNS = 32 }; /* user, unit, command may change without an exec */

void pm_assign_leave(struct pm_entry *e) {
  e->group->members--;
  pm_slot_leave(e->group->slots, e->group->slot_count, e);
}

/* What only detail knows has a base only while the group is looked at. */
void pm_assign_move(struct pm_entry *e, struct pm_group *group) {
  if (e->group == group)
    return;
  if (e->group) {
    pm_assign_leave(e);
    if (!group->admit.in)
      e->details_turn = 0;
  }
  e->group = group;
  group->members++;
}

static struct pm_group *group_of(struct pm_cycle *c, const struct pm_task *t,
                                 bool *unsettled) {
  *unsettled = false;
  if (t->flags & PM_TASK_KERNEL)
    return &c->groups.kernel;
  struct pm_choice choice;
  *unsettled = pm_classify(&c->face, c->now, t, &choice);
  struct pm_group *group = pm_groups_get(&c->groups, &choice);
  if (group && group->kind == PM_ROW_AUTOMATIC)
    group->full = c->options->full;
  return group;
}

/* A zombie has no address space, and so no mark. */
static bool runs_another(const struct pm_entry *e, const struct pm_task *t) {
  return memcmp(e->comm, t->comm, sizeof e->comm) != 0 ||
         (e->exec_mark && t->exec_mark && e->exec_mark != t->exec_mark);
}

void pm_assign_group(struct pm_cycle *c, struct pm_entry *e,
                     const struct pm_task *t) {
  bool unsettled;
  struct pm_group *group = group_of(c, t, &unsettled);
  if (!group) {
    c->failed = -ENOMEM;
    return;
  }
  pm_assign_move(e, group);
  if (runs_another(e, t))
    pm_cmdline_drop(e);
  e->assigned_turn = c->turn;
  e->exec_mark = t->exec_mark;
  if (t->flags & PM_TASK_OWNER) {
    e->uid = t->uid;
    e->ptrace_gid = t->ptrace_gid;
  }
  memcpy(e->comm, t->comm, sizeof e->comm);
  if (unsettled)
    e->flags |= PM_ENTRY_ASK_AGAIN;
  else
    e->flags &= (uint8_t)~PM_ENTRY_ASK_AGAIN;
}

bool pm_assign_is_due(const struct pm_cycle *c, const struct pm_entry *e,
                      const struct pm_task *t) {
  if (e->flags & PM_ENTRY_ASK_AGAIN)
    return true;
  if (runs_another(e, t))
    return true;
  struct pm_needs needs = pm_select_needs(c->select);
  if (!needs.uid && !needs.cgroup && !needs.cmdline)
    return false;
  if (needs.uid && t->flags & PM_TASK_OWNER && e->uid != t->uid)
    return true;
  /* a server drops its privileges soon after its start */
  return e->assigned_turn + 1 == c->turn
             ? e->flags & PM_ENTRY_FRESH
             : (c->turn + (uint32_t)e->pid) % FACE_TURNS == 0;
}
