#include "core/cycle/details.h"

#include "core/account/gauges.h"
#include "core/cycle/charge.h"
#include "core/procfs/detail.h"

enum { READS = 128 }; /* in one turn, of idle processes */

static uint32_t fields_wanted(const struct pm_cycle *c,
                              const struct pm_group *g) {
  uint32_t fields = PM_DETAILS_FIELDS;
  if (!g->full)
    fields &= ~(PM_BIT(PM_F_swap) | PM_HAVE_FDS);
  return fields & ~c->sampler.gives;
}

static unsigned files_of(uint32_t fields) {
  return (fields & PM_HAVE_IO ? PM_WANT_IO : 0) |
         (fields & PM_BIT(PM_F_swap) ? PM_WANT_SWAP : 0) |
         (fields & PM_BIT(PM_F_rss) ? PM_WANT_RSS : 0) |
         (fields & PM_HAVE_FDS ? PM_WANT_FDS : 0);
}

static void read_one(struct pm_cycle *c, struct pm_entry *e, uint32_t fields) {
  struct pm_detail d;
  if (pm_detail_read(&c->root, c->probe, c->turn.now, e->pid, e->birth,
                     files_of(fields), &d) < 0)
    return; /* it is gone: the next scan will show it */
  bool from_zero = e->details_turn == 0 && e->flags & PM_ENTRY_FRESH;
  pm_charge_base(e, &d.numbers, from_zero);
  pm_charge_growth(c, e, &d.numbers);
  pm_gauges_keep(e, &d.numbers);
  e->details_turn = c->turn.number;
}

static void visit_entry(void *arg, struct pm_entry *e) {
  struct pm_cycle *c = arg;
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
    read_one(c, e, fields);
  /* a zombie has no memory and no files: nothing is lacking */
  if (e->state != 'Z' && e->state != 'X')
    pm_gauges_join(e, fields & ~PM_HAVE_COUNTERS);
  g->lacks |= fields & PM_HAVE_COUNTERS & ~e->known;
}

static bool is_any_wanted(const struct pm_cycle *c) {
  for (size_t i = 0; i < c->groups.count; i++) {
    const struct pm_group *g = c->groups.list[i];
    if (g->admit.in && fields_wanted(c, g))
      return true;
  }
  return false;
}

/* A few processes are read in every turn; of very many, those that are idle are
 * read in rotation, so that this costs no more than the scan. */
void pm_details_read(struct pm_cycle *c) {
  if (!is_any_wanted(c))
    return;
  c->details.rotation = 1;
  while (c->details.rotation * READS < c->details.processes)
    c->details.rotation *= 2;
  c->details.processes = 0;
  pm_table_each(&c->table, visit_entry, c);
}
