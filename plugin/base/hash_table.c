#include "base/hash_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MIN = 64 };

void pm_hash_table_done(struct pm_hash_table *t) {
  free(t->place);
  *t = (struct pm_hash_table){0};
}

/* Of what was there, it takes a quarter of the half. */
static void shrink(struct pm_hash_table *t) {
  if (t->size <= SIZE_MIN || t->count * 8 >= t->size)
    return;
  struct pm_hash_place *half =
      realloc(t->place, t->size / 2 * sizeof *t->place);
  if (!half)
    return;
  t->place = half;
  t->size /= 2;
}

void pm_hash_table_clear(struct pm_hash_table *t) {
  shrink(t);
  if (t->size)
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
int pm_hash_table_reserve(struct pm_hash_table *t, size_t more) {
  size_t size = t->size ? t->size : SIZE_MIN;
  while ((t->count + more) * 4 > size * 3)
    size *= 2;
  if (size == t->size)
    return 0;
  struct pm_hash_table grown = {.size = size, .count = t->count};
  grown.place = calloc(size, sizeof *grown.place);
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
