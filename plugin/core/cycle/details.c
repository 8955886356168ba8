#include "core/cycle/details.h"

#include "core/account/gauges.h"
#include "core/cycle/charge.h"

enum { LOOKS = 128 }; /* a turn, at processes that do not move */

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

static void look(struct pm_cycle *c, struct pm_entry *e, uint32_t fields) {
  struct pm_detail *d = &c->face.detail;
  if (pm_detail_read(&c->root, c->probe, c->now, e->pid, e->birth,
                     files_of(fields), d) < 0)
    return; /* it is gone: the next scan says so */
  bool from_zero = e->details_turn == 0 && e->flags & PM_ENTRY_FRESH;
  pm_charge_base(e, &d->numbers, from_zero);
  pm_charge_growth(c, e, &d->numbers);
  pm_gauges_keep(e, &d->numbers);
  e->details_turn = c->turn;
}

static void look_one(void *arg, struct pm_entry *e) {
  struct pm_cycle *c = arg;
  struct pm_group *g = e->group;
  if (!g->admit.in || g->kind == PM_ROW_PSEUDO || e->life != PM_LIFE_LIVE)
    return;
  uint32_t fields = fields_wanted(c, g);
  if (!fields)
    return;
  if (e->details_turn < g->since ||
      e->details_turn == 0) { /* the group was out */
    e->details_turn = 0;
    e->known &= ~fields;
  }
  c->details_processes++;
  bool turn_has_come = (c->turn + (uint32_t)e->pid) % c->details_rotation == 0;
  if (e->details_turn == 0 || e->flags & PM_ENTRY_MOVED || turn_has_come)
    look(c, e, fields);
  /* the dead hold no memory and no files: nothing is lacking */
  if (e->state != 'Z' && e->state != 'X')
    pm_gauges_join(e, fields & ~PM_HAVE_COUNTERS);
  g->lacks |= fields & PM_HAVE_COUNTERS & ~e->known;
}

static bool anybody_is_wanted(const struct pm_cycle *c) {
  for (size_t i = 0; i < c->groups.count; i++) {
    const struct pm_group *g = c->groups.list[i];
    if (g->admit.in && fields_wanted(c, g))
      return true;
  }
  return false;
}

/* Few processes are looked at in every turn; of very many that do not move,
 * each in its turn, so that an interval's cost stays that of the scan. */
void pm_details_read(struct pm_cycle *c) {
  if (!anybody_is_wanted(c))
    return;
  c->details_rotation = 1;
  while (c->details_rotation * LOOKS < c->details_processes)
    c->details_rotation *= 2;
  c->details_processes = 0;
  pm_table_each(&c->table, look_one, c);
}
