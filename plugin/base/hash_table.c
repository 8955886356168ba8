#include "base/hash_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MIN = 64 };

void pm_hash_table_done(struct pm_hash_table *t) {
  free(t->place);
  *t = (struct pm_hash_table){0};
}

void pm_hash_table_clear(struct pm_hash_table *t) {
  if (t->count)
    memset(t->place, 0, t->size * sizeof *t->place);
  t->count = 0;
}

static void put(struct pm_hash_table *t, struct pm_hash_place new) {
  size_t mask = t->size - 1, i = new.hash &mask;
  while (t->place[i].number)
    i = (i + 1) & mask;
  t->place[i] = new;
}

/* At most three quarters are taken. */
int pm_hash_table_reserve(struct pm_hash_table *t) {
  if ((t->count + 1) * 4 <= t->size * 3)
    return 0;
  struct pm_hash_table grown = {.size = t->size ? t->size * 2 : SIZE_MIN,
                                .count = t->count};
  grown.place = calloc(grown.size, sizeof *grown.place);
  if (!grown.place)
    return -ENOMEM;
  for (size_t i = 0; i < t->size; i++)
    if (t->place[i].number)
      put(&grown, t->place[i]);
  free(t->place);
  *t = grown;
  return 0;
}

void pm_hash_table_add(struct pm_hash_table *t, uint32_t hash,
                       uint32_t number) {
  put(t, (struct pm_hash_place){hash, number + 1});
  t->count++;
}

static size_t place_of(const struct pm_hash_table *t, uint32_t hash,
                       uint32_t number) {
  size_t mask = t->size - 1, i = hash & mask;
  while (t->place[i].number != number + 1)
    i = (i + 1) & mask;
  return i;
}

/* Items behind the hole move up if the hole lies between where their probing
 * begins and where they are. */
void pm_hash_table_remove(struct pm_hash_table *t, uint32_t hash,
                          uint32_t number) {
  size_t mask = t->size - 1, hole = place_of(t, hash, number);
  t->place[hole].number = 0;
  for (size_t i = (hole + 1) & mask; t->place[i].number; i = (i + 1) & mask) {
    size_t begins = t->place[i].hash & mask;
    if (((i - begins) & mask) < ((i - hole) & mask))
      continue;
    t->place[hole] = t->place[i];
    t->place[i].number = 0;
    hole = i;
  }
  t->count--;
}
