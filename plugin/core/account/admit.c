#include "core/account/admit.h"

void pm_admit_init(struct pm_admit *a, const struct pm_admit_options *o,
                   uint32_t configured) {
  uint32_t room = o->max_groups > configured ? o->max_groups - configured : 0;
  uint32_t places = o->top < room ? o->top : room;
  double tokens = o->names_per_hour;
  *a = (struct pm_admit){.places = places, .quota = {{tokens, 0}, {tokens, 0}}};
}

static void refill_tokens(struct pm_admit *a, const struct pm_admit_options *o,
                          struct pm_now now) {
  double hours = a->refilled ? (double)(now.mono - a->refilled) /
                                   (3600.0 * (double)PM_NS_PER_S)
                             : 0;
  a->refilled = now.mono;
  for (int i = 0; i < 2; i++) {
    double *tokens = &a->quota[i].tokens;
    *tokens += hours * o->names_per_hour;
    if (*tokens > o->names_per_hour)
      *tokens = o->names_per_hour;
  }
}

/* ---- what deserves a name ---- */

static bool is_large(const struct pm_admit_item *item, uint64_t wall_ns) {
  return item->size[PM_TOP_CPU] >= wall_ns / 100 * PM_ADMIT_LARGE_CPU ||
         item->size[PM_TOP_RSS] >= PM_ADMIT_LARGE_RSS ||
         item->size[PM_TOP_IO] >= wall_ns / 1000000 * PM_ADMIT_LARGE_IO / 1000;
}

static bool is_candidate(const struct pm_admit_item *item) {
  return item->in || item->large ||
         item->age_ns >= PM_ADMIT_LASTING_S * PM_NS_PER_S;
}

static void forget_old_name(struct pm_admit *a, struct pm_admit_item *item,
                            struct pm_now now) {
  const uint64_t days = PM_ADMIT_NAME_DAYS;
  if (item->in)
    item->used = now.mono;
  if (!item->named || now.mono - item->used < days * 86400 * PM_NS_PER_S)
    return;
  item->named = false;
  a->quota[item->is_id].names--;
}

/* ---- the largest ---- */

enum { CHOSEN_MAX = 1024 };

/* The largest by one list, as a heap whose top is the smallest of them. */
struct ranking {
  struct ranked {
    uint64_t size;
    size_t at; /* of the item; among equal sizes the earlier one ranks higher */
  } list[CHOSEN_MAX];
  size_t count, room;
  size_t next; /* once it is sorted */
};

static bool ranks_lower(const struct ranked *a, const struct ranked *b) {
  return a->size != b->size ? a->size < b->size : a->at > b->at;
}

static void swap_ranked(struct ranked *a, struct ranked *b) {
  struct ranked was = *a;
  *a = *b;
  *b = was;
}

static void sift_up(struct ranked *heap, size_t i) {
  for (; i > 0 && ranks_lower(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
    swap_ranked(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct ranked *heap, size_t count) {
  for (size_t i = 0, lowest;; i = lowest) {
    lowest = i;
    for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < count; k++)
      if (ranks_lower(&heap[k], &heap[lowest]))
        lowest = k;
    if (lowest == i)
      return;
    swap_ranked(&heap[i], &heap[lowest]);
  }
}

static void rank_item(struct ranking *r, uint64_t size, size_t at) {
  struct ranked item = {size, at};
  if (r->count < r->room) {
    r->list[r->count] = item;
    sift_up(r->list, r->count++);
  } else if (r->room && ranks_lower(&r->list[0], &item)) {
    r->list[0] = item;
    sift_down(r->list, r->count);
  }
}

/* The largest comes first. */
static void sort_ranking(struct ranking *r) {
  for (size_t n = r->count; n > 1; n--) {
    swap_ranked(&r->list[0], &r->list[n - 1]);
    sift_down(r->list, n - 1);
  }
}

static void make_ranking(struct ranking *r, size_t room,
                         struct pm_admit_item **items, size_t count,
                         enum pm_top_by by) {
  r->count = r->next = 0;
  r->room = room;
  for (size_t i = 0; i < count; i++)
    if (items[i]->size[by] > 0 && is_candidate(items[i]))
      rank_item(r, items[i]->size[by], i);
  sort_ranking(r);
}

static struct pm_admit_item *next_unchosen(struct ranking *r,
                                           struct pm_admit_item **items) {
  while (r->next < r->count) {
    struct pm_admit_item *item = items[r->list[r->next++].at];
    if (!item->chosen)
      return item;
  }
  return NULL;
}

/* The groups that should have the places: in turn the largest of each list. */
static size_t choose_largest(const struct pm_admit *a,
                             const struct pm_admit_options *o,
                             struct pm_admit_item **items, size_t count,
                             struct pm_admit_item **chosen) {
  struct ranking rankings[PM_TOP_COUNT];
  size_t n = 0, dry = 0;
  for (size_t i = 0; i < o->by_count; i++)
    make_ranking(&rankings[i], a->places, items, count, o->by[i]);
  for (size_t turn = 0; n < a->places && dry < o->by_count; turn++) {
    size_t list = turn % o->by_count;
    struct pm_admit_item *best = next_unchosen(&rankings[list], items);
    dry = best ? 0 : dry + 1;
    if (!best)
      continue;
    best->chosen = true;
    best->chosen_by = (uint8_t)o->by[list];
    chosen[n++] = best;
  }
  return n;
}

/* ---- entering and leaving ---- */

/* The first groups need no token, as the places limit them.  Later a quarter
 * of the tokens is left to large ones: what lasts can wait. */
static bool has_token(const struct pm_admit *a,
                      const struct pm_admit_options *o,
                      const struct pm_admit_item *item) {
  double kept = item->large ? 0 : o->names_per_hour / 4;
  return a->first < a->places || a->quota[item->is_id].tokens >= 1 + kept;
}

static bool name_allowed(const struct pm_admit *a,
                         const struct pm_admit_options *o,
                         struct pm_admit_item *item) {
  if (item->named)
    return true;
  bool more = a->quota[item->is_id].names < o->max_names;
  if (more && has_token(a, o, item))
    return true;
  item->why = more ? PM_ADMIT_NAMES_NOW : PM_ADMIT_NAMES;
  return false;
}

static void use_name(struct pm_admit *a, struct pm_admit_quota *quota) {
  quota->names++;
  if (a->first < a->places)
    a->first++;
  else
    quota->tokens -= 1;
}

static void admit_item(struct pm_admit *a, struct pm_admit_item *item,
                       struct pm_now now) {
  if (!item->named)
    use_name(a, &a->quota[item->is_id]);
  item->used = now.mono;
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

/* Those that had a place when the run began. */
struct members {
  struct pm_admit_item *list[CHOSEN_MAX];
  size_t count;
};

static struct pm_admit_item *smallest_member(const struct members *m,
                                             enum pm_top_by by) {
  struct pm_admit_item *least = NULL;
  for (size_t i = 0; i < m->count; i++)
    if (m->list[i]->in && !m->list[i]->chosen &&
        (!least || m->list[i]->size[by] < least->size[by]))
      least = m->list[i];
  return least;
}

static bool is_chosen_twice(const struct pm_admit_item *item) {
  return __builtin_popcount(item->hits & 7U) >= 2;
}

/* All places are taken: the smallest member makes room for a group that is
 * twice as large and was chosen in two of the last three intervals. */
static bool make_place(const struct members *m, struct pm_admit_item *item) {
  item->why = is_chosen_twice(item) ? PM_ADMIT_PLACES : PM_ADMIT_ONCE;
  if (!is_chosen_twice(item))
    return false;
  struct pm_admit_item *victim = smallest_member(m, item->chosen_by);
  if (!victim ||
      item->size[item->chosen_by] / 2 < victim->size[item->chosen_by])
    return false;
  evict_item(victim);
  return true;
}

static void begin_run(struct pm_admit *a, struct pm_now now, uint64_t wall_ns,
                      struct pm_admit_item **items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct pm_admit_item *item = items[i];
    item->chosen = false;
    item->change = 0;
    item->large = is_large(item, wall_ns);
    item->why = is_candidate(item) ? PM_ADMIT_SMALL : PM_ADMIT_MINOR;
    forget_old_name(a, item, now);
  }
}

/* Returns how many places are taken. */
static size_t review_members(struct members *m, struct pm_now now,
                             struct pm_admit_item **items, size_t count) {
  size_t taken = 0;
  for (size_t i = 0; i < count; i++) {
    items[i]->hits = (uint8_t)(items[i]->hits << 1 | items[i]->chosen);
    if (!items[i]->in)
      continue;
    review_member(items[i], now);
    if (items[i]->in && m->count < CHOSEN_MAX)
      m->list[m->count++] = items[i];
    taken += items[i]->in;
  }
  return taken;
}

void pm_admit_run(struct pm_admit *a, const struct pm_admit_options *o,
                  struct pm_now now, uint64_t wall_ns,
                  struct pm_admit_item **items, size_t count) {
  struct pm_admit_item *chosen[CHOSEN_MAX];
  struct members members = {.count = 0};
  if (a->places > CHOSEN_MAX)
    a->places = CHOSEN_MAX;
  refill_tokens(a, o, now);
  begin_run(a, now, wall_ns, items, count);
  size_t n = choose_largest(a, o, items, count, chosen);
  size_t taken = review_members(&members, now, items, count);
  for (size_t i = 0; i < n; i++) {
    if (chosen[i]->in || !name_allowed(a, o, chosen[i]))
      continue;
    bool room = taken < a->places;
    if (!room && !make_place(&members, chosen[i]))
      continue;
    admit_item(a, chosen[i], now);
    taken += room;
  }
}
