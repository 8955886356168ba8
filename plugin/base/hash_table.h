/* A hash table that grows: from a hash to the numbers of items that somebody
 * else keeps.  Open addressing with linear probing, without tombstones; as each
 * place holds the hash, too, growing and looking need not touch the items.
 * One thread.
 *
 *   struct pm_hash_walk walk = pm_hash_table_walk(table, hash);
 *   for (uint32_t n; pm_hash_table_next(table, &walk, &n);)
 *     if (items[n] is the one) ... */
#ifndef PM_BASE_HASH_TABLE_H
#define PM_BASE_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_hash_place {
  uint32_t hash;
  uint32_t number; /* of the item, from 1; 0 = empty */
};

/* Zeroed is an empty table. */
struct pm_hash_table {
  struct pm_hash_place *place;
  size_t size; /* a power of two, or 0 */
  size_t count;
};

void pm_hash_table_done(struct pm_hash_table *table);
/* Removes all items.  There is room for as many as there were; a table that was
 * nearly empty is halved. */
void pm_hash_table_clear(struct pm_hash_table *table);

/* Makes room for so many more.  -ENOMEM: the table is as before. */
int pm_hash_table_reserve(struct pm_hash_table *table, size_t more);
/* There must be room.  number < UINT32_MAX. */
void pm_hash_table_add(struct pm_hash_table *table, uint32_t hash,
                       uint32_t number);
/* It must be there. */
void pm_hash_table_remove(struct pm_hash_table *table, uint32_t hash,
                          uint32_t number);

struct pm_hash_walk {
  uint32_t hash;
  size_t at;
};

static inline struct pm_hash_walk
pm_hash_table_walk(const struct pm_hash_table *table, uint32_t hash) {
  return (struct pm_hash_walk){hash,
                               table->size ? hash & (table->size - 1) : 0};
}

/* The next item of that hash; false: there is none. */
static inline bool pm_hash_table_next(const struct pm_hash_table *table,
                                      struct pm_hash_walk *walk,
                                      uint32_t *ret_number) {
  if (table->size == 0)
    return false;
  for (;;) {
    const struct pm_hash_place *p = &table->place[walk->at];
    if (!p->number)
      return false;
    walk->at = (walk->at + 1) & (table->size - 1);
    if (p->hash != walk->hash)
      continue;
    *ret_number = p->number - 1;
    return true;
  }
}

/* ---- hashes for tables ---- */

/* Neighbouring numbers must not share a run: multiplied by the golden ratio,
 * the high bits (Knuth, TAOCP 3, 6.4). */
static inline uint32_t pm_hash_number(uint64_t number) {
  return (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

#endif
