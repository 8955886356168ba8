#include "core/cycle/snapshot_build.h"

#include "core/account/gauges.h"
#include "core/cycle/cmdline.h"
#include "core/snapshot/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  USERS_ASKED = 16, /* by the probe, which may take 50 ms each */
  REASON = 80,
};

/* ---- during the scan ---- */

void pm_snapshot_build_done(struct pm_cycle *c) {
  free(c->snapshot.scanned);
  pm_hash_table_done(&c->snapshot.uids);
}

void pm_snapshot_build_begin(struct pm_cycle *c) {
  c->snapshot.scanned_count = 0;
  c->snapshot.scanned_lost = false;
}

static void note_entry(struct pm_cycle *c, struct pm_entry *e) {
  if (c->snapshot.scanned_count == c->snapshot.scanned_room) {
    size_t room =
        c->snapshot.scanned_room ? c->snapshot.scanned_room * 2 : 1024;
    struct pm_entry **list = realloc(c->snapshot.scanned, room * sizeof *list);
    c->snapshot.scanned_lost |= !list;
    if (!list)
      return;
    c->snapshot.scanned = list;
    c->snapshot.scanned_room = room;
  }
  c->snapshot.scanned[c->snapshot.scanned_count++] = e;
}

/* What it uses from the last snapshot on, if it was in that one.  After a turn
 * without a snapshot the sum goes on. */
static void begin_rate(const struct pm_cycle *c, struct pm_entry *e) {
  bool based = e->seen == c->snapshot.turn && !(e->flags & PM_ENTRY_UNREADABLE);
  bool goes_on = e->seen > c->snapshot.turn;
  e->flags &= (uint16_t)~PM_ENTRY_UNREADABLE;
  if (goes_on)
    return;
  e->since_snapshot_ns = 0;
  e->flags &= (uint16_t)~PM_ENTRY_RATED;
  if (based)
    e->flags |= PM_ENTRY_RATED;
}

void pm_snapshot_build_note(struct pm_cycle *c, struct pm_entry *e,
                            const struct pm_task *t) {
  begin_rate(c, e);
  if (e->seen != c->turn.number)
    note_entry(c, e);
  if (!(t->flags & PM_TASK_OWNER))
    return;
  e->uid = t->uid;
  e->ptrace_gid = t->ptrace_gid;
  e->flags |= PM_ENTRY_OWNER;
}

/* ---- users ---- */

/* Distinct uids, as many as get names. */
struct uid_list {
  uint32_t list[PM_SNAPSHOT_USERS];
  size_t count;
};

static void add_uid(struct pm_hash_table *index, struct uid_list *u,
                    uint32_t uid) {
  uint32_t hash = pm_hash_number(uid);
  struct pm_hash_walk walk = pm_hash_table_walk(index, hash);
  for (uint32_t i; pm_hash_table_next(index, &walk, &i);)
    if (u->list[i] == uid)
      return;
  if (u->count == PM_SNAPSHOT_USERS)
    return;
  pm_hash_table_add(index, hash, (uint32_t)u->count);
  u->list[u->count++] = uid;
}

/* ---- building ---- */

struct build {
  struct pm_cycle *c;
  struct pm_now now;
  uint64_t wall_ns; /* since the last snapshot; 0 = there was none */
  struct pm_snapshot_draft draft;
  struct uid_list uids;
  const char *small; /* the reason of groups that are not large enough */
};

static bool has_other(const struct pm_cycle *c) {
  return c->groups.other.members > 0;
}

static bool has_jobs(const struct pm_cycle *c) {
  return c->groups.jobs.members > 0;
}

static int allocate(struct build *m) {
  const struct pm_cycle *c = m->c;
  size_t users = c->snapshot.scanned_count < PM_SNAPSHOT_USERS
                     ? c->snapshot.scanned_count
                     : PM_SNAPSHOT_USERS;
  struct pm_snapshot_counts n = {
      .processes = c->snapshot.scanned_count,
      /* _kernel, _other, _jobs, _unattributed */
      .groups = c->groups.count + 4,
      .users = users,
      .disks = c->machine.disk_rows,
      .sensors = c->machine.sensor_rows,
  };
  n.text = n.processes * PM_COMM + c->cmdlines.bytes + n.groups * PM_NAME +
           users * PM_USER + REASON;
  if (pm_hash_table_reserve(&m->c->snapshot.uids, users) < 0)
    return -ENOMEM;
  return pm_snapshot_draft(&m->draft, &n);
}

/* Of a process younger than the last snapshot: since its start. */
static double cores_of(const struct build *m, const struct pm_entry *e) {
  const struct pm_cycle *c = m->c;
  uint64_t tick_ns = c->root.units.tick_ns, birth_ns = e->birth * tick_ns;
  if (!m->wall_ns || (e->known & PM_HAVE_CPU) != PM_HAVE_CPU)
    return NAN;
  if (e->flags & PM_ENTRY_FRESH ||
      (birth_ns >= c->snapshot.now.boot &&
       pm_is_birth(e->birth, tick_ns, m->now.boot))) {
    uint64_t age = m->now.boot > birth_ns ? m->now.boot - birth_ns : 0;
    return (double)(e->last[PM_F_cpu_user] + e->last[PM_F_cpu_system]) /
           (double)(age > tick_ns ? age : tick_ns);
  }
  return e->flags & PM_ENTRY_RATED
             ? (double)e->since_snapshot_ns / (double)m->wall_ns
             : NAN;
}

static uint8_t have_of(const struct pm_entry *e, bool kernel) {
  uint32_t known = e->known;
  bool cpu = (known & PM_HAVE_CPU) == PM_HAVE_CPU;
  return (uint8_t)((e->flags & PM_ENTRY_VERIFIED ? 0 : PM_SNAPSHOT_UNVERIFIED) |
                   (kernel ? PM_SNAPSHOT_KERNEL | PM_SNAPSHOT_UID : 0) |
                   (e->flags & PM_ENTRY_OWNER ? PM_SNAPSHOT_UID : 0) |
                   (cpu ? PM_SNAPSHOT_CPU : 0) |
                   (known & PM_BIT(PM_F_rss) ? PM_SNAPSHOT_RSS : 0) |
                   (known & PM_BIT(PM_F_vsize) ? PM_SNAPSHOT_VSIZE : 0) |
                   (known & PM_BIT(PM_F_threads) ? PM_SNAPSHOT_THREADS : 0));
}

/* The room for this text was counted during the scan. */
static const char *command_of(struct build *m, const struct pm_entry *e,
                              bool kernel) {
  if (kernel || e->state == 'Z' || e->state == 'X')
    return "";
  return pm_snapshot_text(&m->draft, pm_cmdline_text(e));
}

static void add_process(struct build *m, const struct pm_entry *e) {
  struct pm_snapshot *s = m->draft.snapshot;
  bool kernel = e->group == &m->c->groups.kernel;
  m->draft.processes[s->process_count++] = (struct pm_snapshot_process){
      .birth = e->birth,
      .cpu_ns = e->last[PM_F_cpu_user] + e->last[PM_F_cpu_system],
      .rss = e->rss,
      .vsize = e->vsize,
      .cores = cores_of(m, e),
      .name = pm_snapshot_text(&m->draft, pm_cmdline_program(e)),
      .command = command_of(m, e, kernel),
      .pid = e->pid,
      .ppid = e->ppid,
      .uid = e->uid,
      .threads = (uint32_t)pm_gauge(e, PM_F_threads),
      .group = e->group->place,
      .job = e->job,
      .state = e->state,
      .have = have_of(e, kernel),
  };
  if (kernel || e->flags & PM_ENTRY_OWNER)
    add_uid(&m->c->snapshot.uids, &m->uids, e->uid);
}

/* ---- groups ---- */

static const char *reason_of(const struct build *m, const struct pm_group *g) {
  static const char *const chosen[] = {
      [PM_TOP_CPU] = "among the largest by cpu",
      [PM_TOP_RSS] = "among the largest by memory",
      [PM_TOP_IO] = "among the largest by io",
  };
  static const char *const words[PM_ADMIT_WHYS] = {
      [PM_ADMIT_UNRANKED] =
          "not ranked yet: that is done when an interval ends",
      [PM_ADMIT_LARGE] = "still half as large as when it entered",
      [PM_ADMIT_LINGERS] = "was among the largest less than 30 minutes ago",
      [PM_ADMIT_MINOR] = "neither large nor old enough for a name",
      [PM_ADMIT_NAMES] = "MaxNames are used up",
      [PM_ADMIT_NAMES_NOW] = "NewNamesPerHour are used up",
      [PM_ADMIT_ONCE] =
          "all places are taken, and it was among the largest only once",
      [PM_ADMIT_PLACES] = "all places are taken, by none that is half as large",
  };
  if (g->kind == PM_ROW_CONFIGURED)
    return "configured";
  if (g->kind == PM_ROW_JOB)
    return g->admit.in ? "a job" : "its job was removed";
  if (m->c->admit.refilled == 0)
    return "ranking begins with the second interval";
  switch ((enum pm_admit_why)g->admit.why) {
  case PM_ADMIT_CHOSEN:
    return chosen[g->admit.chosen_by];
  case PM_ADMIT_SMALL:
    return m->small;
  default:
    return words[g->admit.why];
  }
}

static void describe_small(struct build *m) {
  const struct pm_cycle *c = m->c;
  uint32_t places = c->admit.places;
  char text[REASON];
  snprintf(text, sizeof text, "not among the %u largest (%s)", places,
           places < c->admit_options.top ? "MaxGroups" : "Top");
  m->small = pm_snapshot_text(&m->draft, text);
}

static bool knows_rss(const struct pm_cycle *c, const struct pm_group *g) {
  uint32_t can = c->sampler.gives;
  if (g->admit.in && g->kind != PM_ROW_PSEUDO)
    can |= PM_BIT(PM_F_rss); /* each of its members is read */
  return can & ~g->lacks & PM_BIT(PM_F_rss);
}

static double group_cores(const struct build *m, const struct pm_group *g) {
  return m->wall_ns ? (double)g->since_snapshot_ns / (double)m->wall_ns : NAN;
}

static void add_group(struct build *m, struct pm_group *g,
                      enum pm_snapshot_kind kind, const char *reason) {
  struct pm_snapshot *s = m->draft.snapshot;
  char name[PM_NAME];
  pm_group_name(g, name);
  g->place = (uint32_t)s->group_count;
  m->draft.groups[s->group_count++] = (struct pm_snapshot_group){
      .name = pm_snapshot_text(&m->draft, name),
      .reason = reason,
      .kind = kind,
      .emitted = g->admit.in,
      .knows_rss = knows_rss(m->c, g),
      .cores = group_cores(m, g),
      .cpu_ns = g->lived_ns,
      .rss = g->gauge[PM_F_rss - PM_F_COUNTERS],
      .processes = g->processes,
      .threads = g->gauge[PM_F_threads - PM_F_COUNTERS],
  };
}

static void add_unattributed(struct build *m) {
  struct pm_snapshot *s = m->draft.snapshot;
  m->draft.groups[s->group_count++] = (struct pm_snapshot_group){
      .name = "_unattributed",
      .reason = "CPU time that no process was charged for",
      .kind = PM_SNAPSHOT_PSEUDO,
      .emitted = true,
      .cores = m->c->close.unattributed_cores,
      .cpu_ns = m->c->books.unattributed,
  };
}

static void add_groups(struct build *m) {
  static const enum pm_snapshot_kind kinds[] = {
      [PM_ROW_CONFIGURED] = PM_SNAPSHOT_CONFIGURED,
      [PM_ROW_AUTOMATIC] = PM_SNAPSHOT_AUTOMATIC,
      [PM_ROW_JOB] = PM_SNAPSHOT_JOB,
  };
  struct pm_groups *groups = &m->c->groups;
  describe_small(m);
  for (size_t i = 0; i < groups->count; i++) {
    struct pm_group *g = groups->list[i];
    add_group(m, g, kinds[g->kind], reason_of(m, g));
  }
  add_group(m, &groups->kernel, PM_SNAPSHOT_PSEUDO, "kernel threads");
  if (has_other(m->c)) /* processes without a group, by GroupBy */
    add_group(m, &groups->other, PM_SNAPSHOT_PSEUDO, "in no group");
  if (has_jobs(m->c))
    add_group(m, &groups->jobs, PM_SNAPSHOT_PSEUDO,
              "jobs without a group of their own: see MaxJobGroups");
  if (m->c->turn.sees_kernel)
    add_unattributed(m);
}

/* ---- users and machine ---- */

static void add_users(struct build *m) {
  struct pm_cycle *c = m->c;
  struct pm_users *users = &c->users;
  struct pm_snapshot *s = m->draft.snapshot;
  unsigned left = USERS_ASKED;
  for (size_t i = 0; i < m->uids.count; i++) {
    uint32_t uid = m->uids.list[i];
    char digits[16];
    snprintf(digits, sizeof digits, "%u", uid);
    const char *name = pm_user_kept(users, m->now, uid);
    if (!name && left > 0) {
      name = pm_user_name(users, c->probe, m->now, uid);
      left--;
    }
    m->draft.users[s->user_count++] = (struct pm_snapshot_user){
        .uid = uid, .name = pm_snapshot_text(&m->draft, name ? name : digits)};
  }
}

static void add_machine(struct build *m) {
  const struct pm_cycle *c = m->c;
  struct pm_snapshot *s = m->draft.snapshot;
  s->number = c->turn.number;
  s->now = m->now;
  s->tick_ns = c->root.units.tick_ns;
  s->cpus = c->machine.sums.cpus;
  s->memory_bytes = c->machine.sums.memory_bytes;
  s->sees_kernel = c->turn.sees_kernel;
  s->exact_rss = c->sampler.exact_rss;
  s->disk_count = c->machine.disk_rows;
  memcpy(m->draft.disks, c->machine.disks.row,
         c->machine.disk_rows * sizeof c->machine.disks.row[0]);
  s->sensor_count = c->machine.sensor_rows;
  memcpy(m->draft.sensors, c->machine.sensors.row,
         c->machine.sensor_rows * sizeof c->machine.sensors.row[0]);
}

int pm_snapshot_build(struct pm_cycle *c, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err) {
  struct build m = {.c = c, .now = now};
  if (c->snapshot.turn)
    m.wall_ns = now.mono - c->snapshot.now.mono;
  pm_hash_table_clear(&c->snapshot.uids);
  if (c->snapshot.scanned_lost || allocate(&m) < 0)
    return pm_err_set(err, ENOMEM, "make a snapshot of %zu processes",
                      c->snapshot.scanned_count);
  add_groups(&m); /* first: processes point at their rows */
  for (size_t i = 0; i < c->snapshot.scanned_count; i++)
    add_process(&m, c->snapshot.scanned[i]);
  add_users(&m);
  add_machine(&m);
  pm_snapshot_seal(&m.draft);
  c->snapshot.turn = c->turn.number;
  c->snapshot.now = now;
  pm_groups_begin_snapshot(&c->groups);
  *ret = m.draft.snapshot;
  return 0;
}
