#include "core/account/admit.h"

void pm_admit_init(struct pm_admit *a, const struct pm_admit_options *o,
                   uint32_t configured) {
  uint32_t room = o->max_groups > configured ? o->max_groups - configured : 0;
  uint32_t places = o->top < room ? o->top : room;
  /* NewNamesPerHour does not limit the first groups: the places do */
  double cap = places > o->names_per_hour ? places : o->names_per_hour;
  *a = (struct pm_admit){.places = places, .tokens = cap, .token_cap = cap};
}

static void refill_tokens(struct pm_admit *a, const struct pm_admit_options *o,
                          struct pm_now now) {
  double hours = a->refilled ? (double)(now.mono - a->refilled) /
                                   (3600.0 * (double)PM_NS_PER_S)
                             : 0;
  a->refilled = now.mono;
  a->tokens += hours * o->names_per_hour;
  if (a->tokens > a->token_cap)
    a->tokens = a->token_cap;
}

static struct pm_admit_item *largest_unchosen(struct pm_admit_item **items,
                                              size_t count, enum pm_top_by by) {
  struct pm_admit_item *best = NULL;
  for (size_t i = 0; i < count; i++)
    if (!items[i]->chosen && items[i]->size[by] > 0 &&
        (!best || items[i]->size[by] > best->size[by]))
      best = items[i];
  return best;
}

/* The groups that should have the places: in turn the largest of each list. */
static size_t choose_largest(const struct pm_admit *a,
                             const struct pm_admit_options *o,
                             struct pm_admit_item **items, size_t count,
                             struct pm_admit_item **chosen) {
  size_t n = 0, dry = 0;
  for (size_t turn = 0; n < a->places && dry < o->by_count; turn++) {
    enum pm_top_by by = o->by[turn % o->by_count];
    struct pm_admit_item *best = largest_unchosen(items, count, by);
    dry = best ? 0 : dry + 1;
    if (!best)
      continue;
    best->chosen = true;
    best->chosen_by = (uint8_t)by;
    chosen[n++] = best;
  }
  return n;
}

static bool name_allowed(const struct pm_admit *a,
                         const struct pm_admit_options *o,
                         struct pm_admit_item *item) {
  if (item->named)
    return true;
  if (a->names < o->max_names && a->tokens >= 1)
    return true;
  item->why = a->names < o->max_names ? PM_ADMIT_NAMES_NOW : PM_ADMIT_NAMES;
  return false;
}

static void admit_item(struct pm_admit *a, struct pm_admit_item *item) {
  if (!item->named) {
    a->tokens -= 1;
    a->names++;
  }
  item->in = item->named = true;
  item->change = 1;
  item->why = PM_ADMIT_CHOSEN;
  item->entry_by = item->chosen_by;
  item->entry_mark = item->size[item->chosen_by];
  item->small_since = 0;
}

static void evict_item(struct pm_admit_item *item) {
  item->in = false;
  item->change = -1;
  item->why = PM_ADMIT_SMALL;
}

/* Evicts a member that has been small for long, unless it would be admitted
 * again at once. */
static void review_member(struct pm_admit_item *item, struct pm_now now) {
  bool small =
      !item->chosen && item->size[item->entry_by] * 2 < item->entry_mark + 1;
  item->why = item->chosen ? PM_ADMIT_CHOSEN
              : small      ? PM_ADMIT_LINGERS
                           : PM_ADMIT_LARGE;
  if (!small)
    item->small_since = 0;
  else if (!item->small_since)
    item->small_since = now.mono;
  else if (now.mono - item->small_since >= PM_ADMIT_LINGER_S * PM_NS_PER_S)
    evict_item(item);
}

static struct pm_admit_item *smallest_member(struct pm_admit_item **items,
                                             size_t count, enum pm_top_by by) {
  struct pm_admit_item *least = NULL;
  for (size_t i = 0; i < count; i++)
    if (items[i]->in && !items[i]->chosen && !items[i]->change &&
        (!least || items[i]->size[by] < least->size[by]))
      least = items[i];
  return least;
}

static bool is_chosen_twice(const struct pm_admit_item *item) {
  return __builtin_popcount(item->hits & 7U) >= 2;
}

/* All places are taken: the smallest member makes room for a group that is
 * twice as large and was chosen in two of the last three intervals. */
static bool make_place(struct pm_admit_item **items, size_t count,
                       struct pm_admit_item *item) {
  item->why = is_chosen_twice(item) ? PM_ADMIT_PLACES : PM_ADMIT_ONCE;
  if (!is_chosen_twice(item))
    return false;
  struct pm_admit_item *victim = smallest_member(items, count, item->chosen_by);
  if (!victim ||
      item->size[item->chosen_by] / 2 < victim->size[item->chosen_by])
    return false;
  evict_item(victim);
  return true;
}

enum { CHOSEN_MAX = 1024 };

void pm_admit_run(struct pm_admit *a, const struct pm_admit_options *o,
                  struct pm_now now, struct pm_admit_item **items,
                  size_t count) {
  struct pm_admit_item *chosen[CHOSEN_MAX];
  if (a->places > CHOSEN_MAX)
    a->places = CHOSEN_MAX;
  refill_tokens(a, o, now);
  for (size_t i = 0; i < count; i++) {
    items[i]->chosen = false;
    items[i]->change = 0;
    items[i]->why = PM_ADMIT_SMALL;
  }
  size_t n = choose_largest(a, o, items, count, chosen), members = 0;
  for (size_t i = 0; i < count; i++) {
    items[i]->hits = (uint8_t)(items[i]->hits << 1 | items[i]->chosen);
    if (items[i]->in)
      review_member(items[i], now);
    members += items[i]->in;
  }
  for (size_t i = 0; i < n; i++) {
    if (chosen[i]->in || !name_allowed(a, o, chosen[i]))
      continue;
    bool room = members < a->places;
    if (!room && !make_place(items, count, chosen[i]))
      continue;
    admit_item(a, chosen[i]);
    members += room;
  }
}
