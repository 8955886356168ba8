#include "core/helper/backoff.h"

#include <stdlib.h>

void pm_backoff_init(struct pm_backoff *b, uint64_t min_s, uint64_t max_s) {
  *b = (struct pm_backoff){.min_s = min_s, .max_s = max_s};
}

void pm_backoff_done(struct pm_backoff *b) {
  pm_hash_table_done(&b->index);
  free(b->rest);
  *b = (struct pm_backoff){.min_s = b->min_s, .max_s = b->max_s};
}

static struct pm_backoff_rest *find(const struct pm_backoff *b, uint64_t key) {
  struct pm_hash_walk walk = pm_hash_table_walk(&b->index, pm_hash_number(key));
  for (uint32_t n; pm_hash_table_next(&b->index, &walk, &n);)
    if (b->rest[n].key == key)
      return &b->rest[n];
  return NULL;
}

bool pm_backoff_rests(const struct pm_backoff *b, struct pm_now now,
                      uint64_t key) {
  const struct pm_backoff_rest *r = find(b, key);
  return r && now.mono < r->until;
}

/* The last one takes its place. */
static void forget(struct pm_backoff *b, struct pm_backoff_rest *r) {
  uint32_t hole = (uint32_t)(r - b->rest), last = (uint32_t)b->count - 1;
  pm_hash_table_remove(&b->index, pm_hash_number(r->key), hole);
  if (hole != last) {
    uint32_t hash = pm_hash_number(b->rest[last].key);
    pm_hash_table_remove(&b->index, hash, last);
    pm_hash_table_add(&b->index, hash, hole);
    *r = b->rest[last];
  }
  b->count--;
}

void pm_backoff_end(struct pm_backoff *b, uint64_t key) {
  struct pm_backoff_rest *r = b->count ? find(b, key) : NULL;
  if (r)
    forget(b, r);
}

static bool is_old(const struct pm_backoff_rest *r, struct pm_now now) {
  return now.mono >= r->until + r->length_s * PM_NS_PER_S;
}

static void forget_old(struct pm_backoff *b, struct pm_now now) {
  for (size_t i = b->count; i-- > 0;)
    if (is_old(&b->rest[i], now))
      forget(b, &b->rest[i]);
}

static struct pm_backoff_rest *add(struct pm_backoff *b, struct pm_now now,
                                   uint64_t key) {
  if (b->count == b->room)
    forget_old(b, now);
  if (b->count == b->room) {
    size_t room = b->room ? 2 * b->room : 16;
    struct pm_backoff_rest *more = realloc(b->rest, room * sizeof *more);
    if (!more)
      return NULL;
    b->rest = more;
    b->room = room;
  }
  if (pm_hash_table_reserve(&b->index, 1) < 0)
    return NULL;
  struct pm_backoff_rest *r = &b->rest[b->count];
  *r = (struct pm_backoff_rest){.key = key};
  pm_hash_table_add(&b->index, pm_hash_number(key), (uint32_t)b->count++);
  return r;
}

void pm_backoff_start(struct pm_backoff *b, struct pm_now now, uint64_t key) {
  struct pm_backoff_rest *r = find(b, key);
  if (!r)
    r = add(b, now, key);
  if (!r)
    return;
  if (is_old(r, now))
    r->length_s = 0;
  r->length_s = r->length_s ? 2 * r->length_s : b->min_s;
  if (r->length_s > b->max_s)
    r->length_s = b->max_s;
  r->until = now.mono + r->length_s * PM_NS_PER_S;
}
