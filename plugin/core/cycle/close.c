#include "core/cycle/close.h"

#include "base/copy.h"
#include "core/account/slot.h"
#include "core/cycle/details.h"
#include "core/cycle/files.h"
#include "core/cycle/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_close_done(struct pm_cycle *c) {
  free(c->close.items);
  free(c->close.report.groups);
  free(c->close.report.processes);
}

/* Done first, so that nothing fails half way. */
static int make_room(struct pm_cycle *c) {
  /* all places may be left in one close, left in the one before, and taken;
   * _other, _jobs, _kernel, _unattributed */
  size_t groups = c->groups.configured + c->groups.jobs_known +
                  3 * (size_t)c->admit.places + 4;
  if (groups > c->close.groups_room) {
    free(c->close.report.groups);
    c->close.groups_room = 0;
    c->close.report.groups = calloc(groups, sizeof *c->close.report.groups);
    if (!c->close.report.groups)
      return -ENOMEM;
    c->close.groups_room = groups;
  }
  if (c->groups.count > c->close.items_room) {
    size_t room = c->groups.count * 2;
    struct pm_admit_item **items =
        realloc(c->close.items, room * sizeof *items);
    if (!items)
      return -ENOMEM;
    c->close.items = items;
    c->close.items_room = room;
  }
  size_t slots = 0;
  for (size_t i = 0; i < c->groups.configured; i++)
    slots += c->groups.list[i]->slot_count;
  if (slots > c->close.processes_room) {
    c->close.report.processes =
        calloc(slots, sizeof *c->close.report.processes);
    if (!c->close.report.processes)
      return -ENOMEM;
    c->close.processes_room = slots;
  }
  return 0;
}

/* No counter may fall: what was charged late (a death record, a tick's worth of
 * CPU) becomes a surplus; what was published is not taken back. */
static void balance_books(struct pm_cycle *c) {
  struct pm_books *b = &c->books;
  uint64_t gap = b->busy > b->charged ? b->busy - b->charged : 0;
  if (gap > b->unattributed)
    b->unattributed = gap;
  b->surplus = b->charged + b->unattributed - b->busy;
}

static uint64_t age_of(const struct pm_group *g, struct pm_rows_interval f) {
  uint64_t born = g->gauge[PM_F_birth - PM_F_COUNTERS] * f.tick_ns;
  return born && f.boot_ns > born ? f.boot_ns - born : 0;
}

static void admit_groups(struct pm_cycle *c, struct pm_now now,
                         struct pm_rows_interval f) {
  size_t n = 0;
  for (size_t i = c->groups.configured; i < c->groups.count; i++) {
    struct pm_group *g = c->groups.list[i];
    if (g->kind == PM_ROW_JOB) /* the control thread has decided */
      continue;
    g->admit.size[PM_TOP_CPU] = g->spent_ns;
    g->admit.size[PM_TOP_RSS] = g->gauge[PM_F_rss - PM_F_COUNTERS];
    g->admit.size[PM_TOP_IO] = g->spent_disk;
    g->admit.age_ns = age_of(g, f);
    c->close.items[n++] = &g->admit;
  }
  pm_admit_run(&c->admit, &c->admit_options, now, f.wall_ns, c->close.items, n);
  c->close.ranked = true;
  for (size_t i = c->groups.configured; i < c->groups.count; i++) {
    struct pm_group *g = c->groups.list[i];
    if (g->kind == PM_ROW_JOB)
      continue;
    c->close.evicted += g->admit.change < 0;
    if (g->admit.change <= 0)
      continue;
    c->close.admitted++;
    g->since = c->turn.number + 1; /* the first turn that charges it itself */
    /* its members are not read yet; its counters stand where they stood */
    g->lacks |= PM_DETAILS_FIELDS & ~PM_HAVE_COUNTERS & ~c->sampler.gives;
    pm_groups_name(&c->groups, g);
  }
}

/* _other also has the members of groups that are not emitted, _jobs those of
 * jobs; their charges went there already. */
static void gather(struct pm_cycle *c, enum pm_row_kind kind,
                   struct pm_group *ret) {
  for (size_t i = c->groups.configured; i < c->groups.count; i++) {
    const struct pm_group *g = c->groups.list[i];
    if (g->admit.in || g->kind != kind)
      continue;
    ret->processes += g->processes;
    ret->lacks |= g->lacks;
    for (enum pm_field f = PM_F_COUNTERS; f < PM_F_COUNT; f++)
      if (g->processes)
        pm_group_join(ret, f, g->gauge[f - PM_F_COUNTERS]);
  }
}

static struct pm_rows_interval interval_of(const struct pm_cycle *c,
                                           struct pm_now now) {
  return (struct pm_rows_interval){
      .boot_ns = now.boot,
      .tick_ns = c->root.units.tick_ns,
      .wall_ns =
          c->close.done && c->machine.sums.known ? c->machine.sums.wall_ns : 0,
      .cpus = c->machine.sums.cpus,
      .memory_bytes = c->machine.sums.memory_bytes,
      .can = c->sampler.gives | PM_DETAILS_FIELDS,
      .exits = c->sampler.deaths,
  };
}

static void report_pseudo(struct pm_cycle *c, struct pm_rows_interval f) {
  struct pm_report *r = &c->close.report;
  struct pm_group other = c->groups.other, jobs = c->groups.jobs;
  f.can = c->sampler.gives; /* their members are not read one by one */
  gather(c, PM_ROW_AUTOMATIC, &other);
  pm_rows_group(&other, f, &r->groups[r->group_count++]);
  gather(c, PM_ROW_JOB, &jobs);
  c->groups.jobs_shown |= jobs.processes > 0;
  if (c->groups.jobs_shown)
    pm_rows_group(&jobs, f, &r->groups[r->group_count++]);
  pm_rows_group(&c->groups.kernel, f, &r->groups[r->group_count++]);
  uint64_t grown = c->books.unattributed - c->close.last_unattributed;
  if (c->turn.sees_kernel)
    pm_rows_unattributed("_unattributed", c->books.unattributed, grown, f,
                         &r->groups[r->group_count++]);
  c->close.last_unattributed = c->books.unattributed;
  c->close.unattributed_cores =
      f.wall_ns ? (double)grown / (double)f.wall_ns : NAN;
}

/* What a job was called goes on from where it stood when it comes again. */
static void forget_name(struct pm_group *g, struct pm_now now) {
  const uint64_t days = PM_ADMIT_NAME_DAYS;
  if (g->kind != PM_ROW_JOB)
    return;
  if (g->admit.in || g->admit.change < 0) /* it may have come and gone since */
    g->admit.used = now.mono;
  else if (now.mono - g->admit.used > days * 86400 * PM_NS_PER_S)
    g->admit.named = false;
}

/* False: it has no row. */
static bool report_group(struct pm_group *g, struct pm_rows_interval f,
                         struct pm_group_row *row) {
  int change = g->admit.change;
  bool left = g->left;
  g->admit.change = 0; /* the next close may do without a ranking */
  g->left = change < 0;
  if (change > 0)
    pm_rows_entered(g, f, row);
  else if (g->admit.in)
    pm_rows_group(g, f, row);
  else if (g->left)
    pm_rows_evicted(g, f, row);
  else if (left)
    pm_rows_left(g, f, row);
  else
    return false;
  return true;
}

static void report_groups(struct pm_cycle *c, struct pm_rows_interval f) {
  struct pm_report *r = &c->close.report;
  r->group_count = 0;
  for (size_t i = 0; i < c->groups.count; i++) {
    forget_name(c->groups.list[i], r->now);
    if (report_group(c->groups.list[i], f, &r->groups[r->group_count]))
      r->group_count++;
  }
  report_pseudo(c, f);
}

/* ---- PerProcess ---- */

static bool has_slot(const struct pm_group *g, const struct pm_entry *e) {
  for (uint32_t i = 0; i < g->slot_count; i++)
    if (g->slots[i].entry == e)
      return true;
  return false;
}

static void consider_slot(void *arg, struct pm_entry *e) {
  (void)arg;
  struct pm_group *g = e->group;
  if (!g->slot_count || e->life != PM_LIFE_LIVE || has_slot(g, e))
    return;
  struct pm_slot_candidate candidate = {
      .entry = e,
      .spent_ns = e->spent_ns,
      .rss = e->rss,
  };
  pm_slot_consider(g->candidates, &g->candidate_count, g->slot_count,
                   candidate);
}

/* One pass over all processes, however many groups have slots. */
static void find_candidates(struct pm_cycle *c) {
  for (size_t i = 0; i < c->groups.configured; i++)
    c->groups.list[i]->candidate_count = 0;
  if (c->close.processes_room)
    pm_table_each(&c->table, consider_slot, NULL);
}

static void add_meta(struct pm_cycle *c, struct pm_now now,
                     const struct pm_entry *e, struct pm_process_row *row) {
  const struct pm_cycle_options *o = c->options;
  const struct pm_detail *d;
  unsigned want = (o->meta_user ? PM_WANT_UID : 0) |
                  (o->meta_command ? PM_WANT_CMDLINE : 0);
  if (!want || !pm_files_due(c, e, want) ||
      pm_reader_read_one(c->reader, now, e->pid, e->birth, want, &d) < 0)
    return;
  if (d->got & PM_WANT_UID)
    pm_copy_text(row->user, sizeof row->user,
                 pm_user_name(&c->users, c->probe, now, d->uid));
  if (d->got & PM_WANT_CMDLINE)
    pm_parse_cmdline(d->cmdline, d->cmdline_length, row->command,
                     sizeof row->command);
}

static void report_slots(struct pm_cycle *c, struct pm_now now,
                         const struct pm_group *g, struct pm_rows_interval f) {
  struct pm_report *r = &c->close.report;
  for (uint32_t k = 0; k < g->slot_count; k++) {
    const struct pm_slot *slot = &g->slots[k];
    if (!slot->entry && !slot->left)
      continue;
    struct pm_process_row *row = &r->processes[r->process_count++];
    if (!slot->entry) {
      pm_rows_process_left(g, k + 1, row);
      continue;
    }
    pm_rows_process(g, k + 1, slot->entry, f, row);
    add_meta(c, now, slot->entry, row);
  }
}

static void report_processes(struct pm_cycle *c, struct pm_now now,
                             struct pm_rows_interval f) {
  c->close.report.process_count = 0;
  find_candidates(c);
  for (size_t i = 0; i < c->groups.configured; i++) {
    struct pm_group *g = c->groups.list[i];
    pm_slot_assign(g->slots, g->slot_count, g->candidates, g->candidate_count);
    report_slots(c, now, g, f);
  }
}

static void begin_interval_of(void *arg, struct pm_entry *e) {
  (void)arg;
  e->spent_ns = 0;
}

/* What was spent is compared with the machine's time: where that could not be
 * read, the next interval covers both. */
static void begin_interval(struct pm_cycle *c) {
  if (!pm_measure_begin_interval(c))
    return;
  pm_groups_begin_interval(&c->groups);
  if (c->close.processes_room)
    pm_table_each(&c->table, begin_interval_of, NULL);
}

/* ---- the report ---- */

static void report_system(struct pm_cycle *c) {
  struct pm_report *r = &c->close.report;
  struct pm_system_row *row = &r->system;
  *row = c->machine.row;
  row->processes = c->turn.processes;
  row->threads = (double)c->turn.threads;
  row->running = c->turn.states.running;
  row->sleeping = c->turn.states.sleeping;
  row->blocked = c->turn.states.blocked;
  row->stopped = c->turn.states.stopped;
  row->zombies = c->turn.states.zombies;
  row->idle = c->turn.states.idle;
  r->disks = c->machine.disks.row;
  r->disk_fault = &c->machine.disks.fault;
  r->disk_count = c->machine.disk_rows;
  r->sensors = c->machine.sensors.row;
  r->sensor_count = c->machine.sensor_rows;
  r->sensors_found = c->machine.sensors.found;
  r->sensors_read = c->machine.sensors.count;
}

static void report_self(struct pm_cycle *c) {
  struct pm_self_row *s = &c->close.report.self;
  const struct pm_admit_quota *q = c->admit.quota;
  uint32_t most = q[0].names > q[1].names ? q[0].names : q[1].names;
  s->processes = (double)c->table.count;
  s->groups = (double)c->close.report.group_count;
  s->sampler = c->sampler.level;
  s->surplus = c->turn.sees_kernel
                   ? (double)c->books.surplus / (double)PM_NS_PER_S
                   : NAN;
  s->admitted = (double)c->close.admitted;
  s->evicted = (double)c->close.evicted;
  s->dropped = c->sampler.deaths ? (double)c->exits.dropped : NAN;
  s->skipped = (double)c->turn.skipped;
  s->names_spent = most > 0 && most >= c->admit_options.max_names;
}

int pm_close(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  if (make_room(c) < 0)
    return pm_err_set(err, ENOMEM, "make room for the report");
  c->close.report.now = now;
  pm_measure_close(c);
  balance_books(c);
  struct pm_rows_interval f = interval_of(c, now);
  if (f.wall_ns) /* else memory alone would rank: unfair to the other lists */
    admit_groups(c, now, f);
  report_groups(c, f);
  report_processes(c, now, f);
  report_system(c);
  report_self(c);
  c->close.report.books = c->books;
  pm_groups_sweep(&c->groups);
  begin_interval(c);
  c->close.done = true;
  return 0;
}
