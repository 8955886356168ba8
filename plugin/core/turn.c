#include "core/turn.h"

#include "core/slot.h"

#include <errno.h>
#include <string.h>

enum {
  LIMBO_S = 30,    /* a death record comes some 20 ms after wait4(2) */
  FACE_TURNS = 32, /* user, unit, command line may change without an exec */
  LOOKS = 128,     /* a turn, at processes that do not move */
};

/* ---- charging: the one place where a counter becomes somebody's ---- */

static void charge(struct pm_cycle *c, struct pm_entry *e, enum pm_field f,
                   uint64_t delta) {
  pm_groups_charge(&c->groups, e->group, f, delta);
  if (!(PM_BIT(f) & PM_HAVE_CPU))
    return;
  e->spent_ns += delta;
  c->books.charged += delta;
}

/* Counters of (pid, birth) only grow, and the same record twice adds nothing.
 * A counter without a base gets one: 0 for a process born under our eyes, its
 * present value for any other. */
static void advance(struct pm_cycle *c, struct pm_entry *e,
                    const struct pm_task *t, bool from_zero) {
  for (uint32_t bits = t->have & PM_HAVE_COUNTERS; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    uint64_t now = t->v[f];
    if (!(e->known & PM_BIT(f))) {
      e->known |= PM_BIT(f);
      e->last[f] = from_zero ? 0 : now;
    }
    if (now <= e->last[f])
      continue;
    charge(c, e, f, now - e->last[f]);
    e->last[f] = now;
    e->flags |= PM_ENTRY_MOVED;
  }
}

static void keep_gauges(struct pm_entry *e, const struct pm_task *t) {
  for (uint32_t bits = t->have & ~PM_HAVE_COUNTERS; bits; bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    e->gauge[f - PM_F_COUNTERS] = t->v[f];
    e->known |= PM_BIT(f);
  }
}

static void join_gauges(struct pm_entry *e, uint32_t fields) {
  for (uint32_t bits = fields & e->known & ~PM_HAVE_COUNTERS; bits;
       bits &= bits - 1) {
    enum pm_field f = (enum pm_field)__builtin_ctz(bits);
    pm_group_join(e->group, f, e->gauge[f - PM_F_COUNTERS]);
  }
  e->group->lacks |= fields & ~e->known;
}

/* ---- which group ---- */

/* What only detail knows has a base only while the group is looked at. */
static void move_to(struct pm_entry *e, struct pm_group *group) {
  if (e->group == group)
    return;
  if (e->group) {
    e->group->members--;
    pm_slot_leave(e->group->slots, e->group->slot_count, e);
    if (!group->admit.in)
      e->looked = 0;
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
  *unsettled = pm_face_choose(&c->face, c->now, t, &choice);
  struct pm_group *group = pm_groups_get(&c->groups, &choice);
  if (group && group->kind == PM_ROW_AUTOMATIC)
    group->full = c->options->full;
  return group;
}

static void face(struct pm_cycle *c, struct pm_entry *e,
                 const struct pm_task *t) {
  bool unsettled;
  struct pm_group *group = group_of(c, t, &unsettled);
  if (!group) {
    c->failed = -ENOMEM;
    return;
  }
  move_to(e, group);
  e->faced = c->turn;
  e->exec_mark = t->exec_mark;
  memcpy(e->comm, t->comm, sizeof e->comm);
  if (unsettled)
    e->flags |= PM_ENTRY_SETTLE;
  else
    e->flags &= (uint8_t)~PM_ENTRY_SETTLE;
}

/* Has it become something else, or may it have? */
static bool must_face(const struct pm_cycle *c, const struct pm_entry *e,
                      const struct pm_task *t) {
  if (e->flags & PM_ENTRY_SETTLE)
    return true;
  if (memcmp(e->comm, t->comm, sizeof e->comm) != 0)
    return true;
  /* a zombie has no address space, and so no mark */
  if (e->exec_mark && t->exec_mark && e->exec_mark != t->exec_mark)
    return true;
  struct pm_needs needs = pm_select_needs(c->select);
  if (!needs.uid && !needs.cgroup && !needs.cmdline)
    return false;
  /* a server drops its privileges soon after its start */
  return e->faced + 1 == c->turn
             ? e->flags & PM_ENTRY_FRESH
             : (c->turn + (uint32_t)e->pid) % FACE_TURNS == 0;
}

/* ---- scan ---- */

static struct pm_entry *newcomer(struct pm_cycle *c, const struct pm_task *t) {
  struct pm_entry *e = pm_table_add(&c->table, t->pid, t->birth);
  if (!e) {
    c->failed = -ENOMEM;
    return NULL;
  }
  e->reaped_faults = t->reaped_faults;
  face(c, e, t);
  if (c->failed) {
    pm_table_remove(&c->table, e);
    return NULL;
  }
  if (!c->first && t->birth >= c->first_birth) {
    e->flags |= PM_ENTRY_FRESH;
    pm_groups_payer(&c->groups, e->group)->starts++;
  }
  c->sees_kernel |= t->pid == 2 && t->flags & PM_TASK_KERNEL;
  return e;
}

static struct pm_entry *old_friend(struct pm_cycle *c, struct pm_entry *e,
                                   const struct pm_task *t) {
  if (must_face(c, e, t))
    face(c, e, t);
  e->flags &= (uint8_t) ~(PM_ENTRY_FRESH | PM_ENTRY_MOVED);
  e->life = PM_LIFE_LIVE; /* it may have been in limbo */
  return c->failed ? NULL : e;
}

static void unreadable(struct pm_cycle *c, int32_t pid) {
  struct pm_entry *e = pm_table_find_live(&c->table, pid);
  c->unreadable++;
  if (!e)
    return;
  e->seen = c->turn;
  e->group->lacks |= c->sampler.ops->gives;
}

static void count(struct pm_cycle *c, struct pm_entry *e) {
  pm_rows_count_state(&c->states, e->state);
  c->threads += e->gauge[PM_F_threads - PM_F_COUNTERS];
  e->group->processes++;
}

static void see(struct pm_cycle *c, const struct pm_task *t) {
  c->processes++;
  if (t->birth == 0) {
    unreadable(c, t->pid);
    return;
  }
  struct pm_entry *e = pm_table_find(&c->table, t->pid, t->birth);
  e = e ? old_friend(c, e, t) : newcomer(c, t);
  if (!e)
    return;
  e->seen = c->turn;
  e->ppid = t->ppid;
  e->state = t->state;
  e->reaped_now = t->reaped_faults - e->reaped_faults;
  e->reaped_faults = t->reaped_faults;
  advance(c, e, t, e->flags & PM_ENTRY_FRESH);
  keep_gauges(e, t);
  join_gauges(e, c->sampler.ops->gives & ~PM_HAVE_COUNTERS);
  count(c, e);
}

static void on_tasks(void *arg, const struct pm_task *batch, size_t n) {
  struct pm_cycle *c = arg;
  for (size_t i = 0; i < n && !c->failed; i++)
    see(c, &batch[i]);
}

/* ---- the end of a process ---- */

/* wait4(2) adds a child's I/O to the parent's (kernel/exit.c,
 * wait_task_zombie()): what the child was charged for must not be charged to
 * the parent again.  It is added only if the parent waits, and then the
 * child's page faults are added as well, which stat shows. */
static void settle_inheritance(struct pm_cycle *c, const struct pm_entry *e) {
  struct pm_entry *parent = pm_table_find_live(&c->table, e->ppid);
  if (!parent || parent->reaped_now == 0 ||
      parent->reaped_now < e->last[PM_F_faults_minor])
    return;
  parent->reaped_now -= e->last[PM_F_faults_minor];
  for (int f = PM_F_io_read; f <= PM_F_disk_write; f++)
    if (!(parent->known & e->known & PM_BIT(f)))
      parent->known &= ~PM_BIT(f); /* unknown size: lay a new base */
    else
      parent->last[f] += e->last[f];
}

static void forget(struct pm_cycle *c, struct pm_entry *e) {
  settle_inheritance(c, e);
  pm_slot_leave(e->group->slots, e->group->slot_count, e);
  e->group->members--;
  pm_table_remove(&c->table, e);
}

static void sweep_one(void *arg, struct pm_entry *e) {
  struct pm_cycle *c = arg;
  if (e->seen == c->turn)
    return;
  bool waits = c->sampler.ops->deaths;
  if (e->life == PM_LIFE_LIVE && waits) {
    e->life = PM_LIFE_LIMBO;
    e->limbo_until = c->now.mono + LIMBO_S * PM_NS_PER_S;
  }
  if (!waits || c->now.mono >= e->limbo_until)
    forget(c, e);
}

/* One that no scan ever saw.  It is ours only if it was born after the first
 * scan; what was there before is nobody's growth. */
static void charge_stranger(struct pm_cycle *c, const struct pm_task *t) {
  if (c->first_birth == 0 || t->birth < c->first_birth)
    return;
  struct pm_choice choice;
  pm_face_choose_dead(&c->face, t, &choice);
  struct pm_group *group = t->flags & PM_TASK_KERNEL
                               ? &c->groups.kernel
                               : pm_groups_get(&c->groups, &choice);
  if (!group) {
    c->dropped++;
    return;
  }
  pm_groups_payer(&c->groups, group)->starts++;
  struct pm_entry passing = {.group = group};
  advance(c, &passing, t, true);
}

static void on_deaths(void *arg, const struct pm_death *batch, size_t n) {
  struct pm_cycle *c = arg;
  for (size_t i = 0; i < n; i++) {
    const struct pm_task *t = &batch[i].last;
    struct pm_entry *e = pm_table_find(&c->table, t->pid, t->birth);
    if (!e) {
      charge_stranger(c, t);
      continue;
    }
    advance(c, e, t, false);
    forget(c, e);
  }
}

/* ---- what only detail knows ---- */

static uint32_t fields_wanted(const struct pm_cycle *c,
                              const struct pm_group *g) {
  uint32_t fields = PM_HAVE_IO;
  if (g->full)
    fields |= PM_BIT(PM_F_swap) | PM_HAVE_FDS;
  return fields & ~c->sampler.ops->gives;
}

static unsigned files_of(uint32_t fields) {
  return (fields & PM_HAVE_IO ? PM_WANT_IO : 0) |
         (fields & PM_BIT(PM_F_swap) ? PM_WANT_SWAP : 0) |
         (fields & PM_HAVE_FDS ? PM_WANT_FDS : 0);
}

static void look(struct pm_cycle *c, struct pm_entry *e, uint32_t fields) {
  struct pm_detail *d = &c->face.detail;
  if (pm_detail_read(&c->root, c->probe, c->now, e->pid, e->birth,
                     files_of(fields), d) < 0)
    return; /* it is gone: the next scan says so */
  bool from_zero = e->looked == 0 && e->flags & PM_ENTRY_FRESH;
  advance(c, e, &d->numbers, from_zero);
  keep_gauges(e, &d->numbers);
  e->looked = c->turn;
}

static void look_one(void *arg, struct pm_entry *e) {
  struct pm_cycle *c = arg;
  struct pm_group *g = e->group;
  if (!g->admit.in || g->kind == PM_ROW_PSEUDO || e->life != PM_LIFE_LIVE)
    return;
  uint32_t fields = fields_wanted(c, g);
  if (!fields)
    return;
  if (e->looked < g->since || e->looked == 0) { /* the group was out */
    e->looked = 0;
    e->known &= ~fields;
  }
  c->lookers++;
  bool turn_has_come = (c->turn + (uint32_t)e->pid) % c->look_turns == 0;
  if (e->looked == 0 || e->flags & PM_ENTRY_MOVED || turn_has_come)
    look(c, e, fields);
  /* the dead hold no memory and no files: nothing is lacking */
  if (e->state != 'Z' && e->state != 'X')
    join_gauges(e, fields & ~PM_HAVE_COUNTERS);
  g->lacks |= fields & PM_HAVE_COUNTERS & ~e->known;
}

/* Few processes are looked at in every turn; of very many that do not move,
 * each in its turn, so that an interval's cost stays that of the scan. */
static void look_around(struct pm_cycle *c) {
  c->look_turns = 1;
  while (c->look_turns * LOOKS < c->lookers)
    c->look_turns *= 2;
  c->lookers = 0;
  pm_table_each(&c->table, look_one, c);
}

/* ---- the turn ---- */

static void begin(struct pm_cycle *c, struct pm_now now) {
  c->turn++;
  c->now = now;
  c->failed = 0;
  c->first = c->first_birth == 0;
  c->unreadable = c->processes = 0;
  c->threads = 0;
  c->states = (struct pm_states){0};
  pm_groups_begin_turn(&c->groups);
}

static int scan(struct pm_cycle *c, const struct pm_sink *sink,
                struct pm_err *err) {
  int status = c->sampler.ops->scan(c->sampler.self, sink, err);
  if (status < 0)
    return status;
  if (c->failed)
    return pm_err_set(err, -c->failed, "take in %u processes", c->processes);
  if (c->processes == 0)
    return pm_err_say(err, ESRCH, "no process in %s: is it a proc(5)?",
                      c->root.proc_path);
  return 0;
}

int pm_turn(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  const struct pm_sampler_ops *ops = c->sampler.ops;
  struct pm_sink sink = {on_tasks, on_deaths, c};
  begin(c, now);
  int status = scan(c, &sink, err);
  if (status < 0)
    return status;
  if (c->first)
    c->first_birth = now.boot / c->root.tick_ns;
  pm_table_each(&c->table, sweep_one, c);
  if (ops->drain)
    status = ops->drain(c->sampler.self, &sink, &c->dropped, err);
  look_around(c);
  if (status == 0 && c->unreadable)
    pm_err_say(err, EACCES, "%u of %u processes in %s could not be read",
               c->unreadable, c->processes, c->root.proc_path);
  return status;
}
