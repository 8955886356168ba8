#include "core/cycle/details.h"

#include "core/account/gauges.h"
#include "core/cycle/charge.h"
#include "core/cycle/files.h"

#include <errno.h>

enum {
  READS = 128, /* in one turn, of idle processes */
  FDS = 20000, /* entries of fd folders in one turn */
};

static uint32_t fields_wanted(const struct pm_cycle *c,
                              const struct pm_group *g) {
  uint32_t fields = PM_DETAILS_FIELDS & ~c->sampler.gives;
  return (fields & PM_HAVE_COUNTERS) | pm_gauges_wanted(g, fields);
}

static unsigned files_of(uint32_t fields) {
  return (fields & PM_HAVE_IO ? PM_WANT_IO : 0) |
         (fields & PM_HAVE_MEMORY ? PM_WANT_MEMORY : 0) |
         (fields & PM_HAVE_FDS ? PM_WANT_FDS : 0);
}

/* Entries whose files are read together. */
struct batch {
  struct pm_cycle *c;
  struct pm_entry *entry[PM_READER_BATCH];
  uint32_t fields[PM_READER_BATCH];
  struct pm_reader_item item[PM_READER_BATCH];
  size_t count;
  int64_t fds; /* entries of fd folders that reading it may take */
};

/* What of the fields is known goes to its group. */
static void join_known(struct pm_entry *e, uint32_t fields, int status) {
  if (e->state == 'Z' || e->state == 'X')
    return; /* it has no memory and no files any more */
  pm_gauges_join(e, fields & ~PM_HAVE_COUNTERS & e->known);
  /* One that blocks the reader would take the values of all others away. */
  if (status < 0 || e->files_wait_s)
    return;
  e->group->lacks |= fields & ~e->known;
}

/* The resident memory that a scan tells is joined already. */
static void keep_gauges(const struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_task *read) {
  struct pm_task gauges = *read;
  gauges.have &= ~c->sampler.gives;
  pm_gauges_keep(e, &gauges);
  if (read->have & PM_BIT(PM_F_rss) & c->sampler.gives && !c->sampler.exact_rss)
    pm_gauges_compare_rss(e, read->v[PM_F_rss]);
}

static void take_item(struct pm_cycle *c, struct pm_entry *e, uint32_t fields,
                      const struct pm_reader_item *item) {
  if (item->status == -ETIMEDOUT)
    pm_files_rest(c, e);
  if (item->status == -ESRCH)
    return; /* it is gone, and what it had: the next scan will show it */
  const struct pm_task *read = &item->detail->numbers;
  if (item->status == 0) {
    bool from_zero = e->details_turn == 0 && e->flags & PM_ENTRY_FRESH;
    pm_charge_base(e, read, from_zero);
    pm_charge_growth(c, e, read);
    e->details_turn = c->turn.number;
    c->details.fds_left -= item->detail->fds_listed;
    c->details.fds_by_size |=
        item->detail->got & PM_WANT_FDS && !item->detail->fds_listed;
  }
  keep_gauges(c, e, read);
  join_known(e, fields, item->status);
}

static void flush_batch(struct batch *b) {
  size_t count = b->count;
  b->count = 0;
  b->fds = 0;
  if (count)
    pm_reader_read(b->c->reader, b->c->turn.now, b->item, count);
  for (size_t i = 0; i < count; i++)
    take_item(b->c, b->entry[i], b->fields[i], &b->item[i]);
}

/* Before Linux 6.2 counting descriptors reads a folder that may have a million
 * entries: so many a turn, and who comes later has its turn later. */
static unsigned with_fds(struct pm_cycle *c, const struct pm_entry *e,
                         unsigned files) {
  if (!(files & PM_WANT_FDS) || e->number < c->details.fds_from)
    return files & ~(unsigned)PM_WANT_FDS;
  if (c->details.fds_left > 0)
    return files;
  if (!c->details.fds_full)
    c->details.fds_from = e->number;
  c->details.fds_full = true;
  return files & ~(unsigned)PM_WANT_FDS;
}

/* As many as it had; one that was never counted is asked for alone. */
static int64_t expected_fds(const struct pm_cycle *c,
                            const struct pm_entry *e) {
  if (c->details.fds_by_size)
    return 0;
  return e->known & PM_BIT(PM_F_fds) ? (int64_t)pm_gauge(e, PM_F_fds) : FDS;
}

static void read_entry(struct batch *b, struct pm_entry *e, uint32_t fields) {
  unsigned files = pm_files_due(b->c, e, with_fds(b->c, e, files_of(fields)));
  if (!files) {
    join_known(e, fields, 0);
    return;
  }
  b->entry[b->count] = e;
  b->fields[b->count] = fields;
  b->item[b->count++].request =
      (struct pm_reader_request){e->pid, files, e->birth};
  if (files & PM_WANT_FDS)
    b->fds += expected_fds(b->c, e);
  if (b->count == PM_READER_BATCH ||
      (b->fds && b->fds >= b->c->details.fds_left))
    flush_batch(b);
}

static void visit_entry(void *arg, struct pm_entry *e) {
  struct batch *b = arg;
  struct pm_cycle *c = b->c;
  struct pm_group *g = e->group;
  if (!g->admit.in || g->kind == PM_ROW_PSEUDO || e->life != PM_LIFE_LIVE)
    return;
  uint32_t fields = fields_wanted(c, g);
  if (!fields)
    return;
  if (e->details_turn < g->since ||
      e->details_turn == 0) { /* its group was not emitted */
    e->details_turn = 0;
    e->known &= ~fields;
  }
  c->details.processes++;
  bool is_its_turn =
      (c->turn.number + (uint32_t)e->pid) % c->details.rotation == 0;
  if (e->details_turn == 0 || e->flags & PM_ENTRY_MOVED || is_its_turn)
    read_entry(b, e, fields);
  else
    join_known(e, fields, 0);
}

static bool is_any_wanted(const struct pm_cycle *c) {
  for (size_t i = 0; i < c->groups.count; i++) {
    const struct pm_group *g = c->groups.list[i];
    if (g->admit.in && fields_wanted(c, g))
      return true;
  }
  return false;
}

static void begin_fds(struct pm_cycle *c) {
  if (!c->details.fds_full)
    c->details.fds_from = 0;
  c->details.fds_full = false;
  c->details.fds_left += FDS;
  if (c->details.fds_left > FDS)
    c->details.fds_left = FDS;
}

/* A few processes are read in every turn; of very many, those that are idle are
 * read in rotation, so that this costs no more than the scan. */
void pm_details_read(struct pm_cycle *c) {
  if (!is_any_wanted(c))
    return;
  struct batch batch = {.c = c};
  c->details.rotation = 1;
  while (c->details.rotation * READS < c->details.processes)
    c->details.rotation *= 2;
  c->details.processes = 0;
  begin_fds(c);
  pm_table_each(&c->table, visit_entry, &batch);
  flush_batch(&batch);
}
