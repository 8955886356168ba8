#include "core/account/table.h"

#include <stdlib.h>

enum { SLAB = 128, INDEX_MIN = 256 };

void pm_table_done(struct pm_table *t) {
  for (size_t i = 0; i < t->slab_count; i++) {
    for (size_t k = 0; k < SLAB; k++)
      free(t->slabs[i][k].cmdline);
    free(t->slabs[i]);
  }
  free(t->slabs);
  free(t->index);
  *t = (struct pm_table){0};
}

static struct pm_entry *entry_at(const struct pm_table *t, uint32_t number) {
  return &t->slabs[number / SLAB][number % SLAB];
}

/* Neighbouring pids must not share a run of the index: multiply by the golden
 * ratio and take the high bits (Knuth, TAOCP 3, 6.4). */
static size_t home(const struct pm_table *t, int32_t pid) {
  uint64_t h = (uint64_t)(uint32_t)pid * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(h >> 32) & (t->index_size - 1);
}

/* Of that birth; birth NULL: the live one. */
static struct pm_entry *search(const struct pm_table *t, int32_t pid,
                               const uint64_t *birth) {
  if (t->index_size == 0)
    return NULL;
  for (size_t i = home(t, pid); t->index[i];
       i = (i + 1) & (t->index_size - 1)) {
    struct pm_entry *e = entry_at(t, t->index[i] - 1);
    if (e->pid == pid && (birth ? e->birth == *birth : e->life == PM_LIFE_LIVE))
      return e;
  }
  return NULL;
}

struct pm_entry *pm_table_find(const struct pm_table *t, int32_t pid,
                               uint64_t birth) {
  return search(t, pid, &birth);
}

struct pm_entry *pm_table_next(struct pm_table *t, int32_t pid,
                               uint64_t birth) {
  struct pm_entry *e = NULL;
  if (t->expected < t->slab_count * SLAB)
    e = entry_at(t, t->expected);
  if (!e || e->life == PM_LIFE_FREE || e->pid != pid || e->birth != birth)
    e = search(t, pid, &birth);
  if (e)
    t->expected = e->number + 1;
  return e;
}

struct pm_entry *pm_table_find_live(const struct pm_table *t, int32_t pid) {
  return search(t, pid, NULL);
}

static void index_put(struct pm_table *t, int32_t pid, uint32_t number) {
  size_t i = home(t, pid);
  while (t->index[i])
    i = (i + 1) & (t->index_size - 1);
  t->index[i] = number + 1;
}

static bool grow_index(struct pm_table *t) {
  if ((t->count + 1) * 4 <= t->index_size * 3)
    return true;
  size_t size = t->index_size ? t->index_size * 2 : INDEX_MIN;
  uint32_t *index = calloc(size, sizeof *index);
  if (!index)
    return false;
  uint32_t *old = t->index;
  size_t old_size = t->index_size;
  t->index = index;
  t->index_size = size;
  for (size_t i = 0; i < old_size; i++)
    if (old[i])
      index_put(t, entry_at(t, old[i] - 1)->pid, old[i] - 1);
  free(old);
  return true;
}

static void put_free(struct pm_table *t, struct pm_entry *e) {
  e->life = PM_LIFE_FREE;
  e->seen = t->free_head;
  t->free_head = e->number + 1;
}

static bool grow_slabs(struct pm_table *t) {
  if (t->free_head)
    return true;
  size_t count = t->slab_count + 1;
  struct pm_entry **slabs = realloc(t->slabs, count * sizeof *slabs);
  if (!slabs)
    return false;
  t->slabs = slabs;
  struct pm_entry *slab = calloc(SLAB, sizeof *slab);
  if (!slab)
    return false;
  slabs[t->slab_count] = slab;
  for (size_t i = SLAB; i-- > 0;) {
    slab[i].number = (uint32_t)(t->slab_count * SLAB + i);
    put_free(t, &slab[i]);
  }
  t->slab_count = count;
  return true;
}

struct pm_entry *pm_table_add(struct pm_table *t, int32_t pid, uint64_t birth) {
  if (!grow_index(t) || !grow_slabs(t))
    return NULL;
  uint32_t number = t->free_head - 1;
  struct pm_entry *e = entry_at(t, number);
  t->free_head = e->seen;
  *e = (struct pm_entry){
      .pid = pid, .birth = birth, .life = PM_LIFE_LIVE, .number = number};
  index_put(t, pid, number);
  t->count++;
  return e;
}

static size_t index_of(const struct pm_table *t, const struct pm_entry *e) {
  size_t i = home(t, e->pid);
  while (t->index[i] != e->number + 1)
    i = (i + 1) & (t->index_size - 1);
  return i;
}

/* Open addressing without tombstones: entries behind the hole move up if the
 * hole lies between their home and their place. */
void pm_table_remove(struct pm_table *t, struct pm_entry *e) {
  size_t mask = t->index_size - 1, hole = index_of(t, e);
  t->index[hole] = 0;
  for (size_t i = (hole + 1) & mask; t->index[i]; i = (i + 1) & mask) {
    size_t want = home(t, entry_at(t, t->index[i] - 1)->pid);
    if (((i - want) & mask) < ((i - hole) & mask))
      continue;
    t->index[hole] = t->index[i];
    t->index[i] = 0;
    hole = i;
  }
  free(e->cmdline);
  e->cmdline = NULL;
  put_free(t, e);
  t->count--;
}

void pm_table_each(struct pm_table *t,
                   void (*visit)(void *arg, struct pm_entry *entry),
                   void *arg) {
  for (size_t i = 0; i < t->slab_count; i++)
    for (size_t k = 0; k < SLAB; k++)
      if (t->slabs[i][k].life != PM_LIFE_FREE)
        visit(arg, &t->slabs[i][k]);
}
