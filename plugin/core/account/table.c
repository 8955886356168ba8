#include "core/account/table.h"

#include <stdlib.h>
#include <string.h>

enum { SLAB = 128 };

void pm_table_done(struct pm_table *t) {
  for (size_t i = 0; i < t->slab_count; i++) {
    for (size_t k = 0; k < SLAB; k++)
      free(t->slabs[i][k].cmdline);
    free(t->slabs[i]);
  }
  free(t->slabs);
  pm_hash_table_done(&t->index);
  *t = (struct pm_table){0};
}

static struct pm_entry *entry_at(const struct pm_table *t, uint32_t number) {
  return &t->slabs[number / SLAB][number % SLAB];
}

static uint32_t hash_of(int32_t pid) { return pm_hash_number((uint32_t)pid); }

/* The one of that birth; birth NULL: the live one. */
static struct pm_entry *find_entry(const struct pm_table *t, int32_t pid,
                                   const uint64_t *birth) {
  struct pm_hash_walk walk = pm_hash_table_walk(&t->index, hash_of(pid));
  for (uint32_t number; pm_hash_table_next(&t->index, &walk, &number);) {
    struct pm_entry *e = entry_at(t, number);
    if (e->pid == pid && (birth ? e->birth == *birth : e->life == PM_LIFE_LIVE))
      return e;
  }
  return NULL;
}

struct pm_entry *pm_table_find(const struct pm_table *t, int32_t pid,
                               uint64_t birth) {
  return find_entry(t, pid, &birth);
}

struct pm_entry *pm_table_next(struct pm_table *t, int32_t pid,
                               uint64_t birth) {
  struct pm_entry *e = NULL;
  if (t->expected < t->slab_count * SLAB)
    e = entry_at(t, t->expected);
  if (!e || e->life == PM_LIFE_FREE || e->pid != pid || e->birth != birth)
    e = find_entry(t, pid, &birth);
  if (e)
    t->expected = e->number + 1;
  return e;
}

struct pm_entry *pm_table_find_live(const struct pm_table *t, int32_t pid) {
  return find_entry(t, pid, NULL);
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
  if (pm_hash_table_reserve(&t->index, 1) < 0 || !grow_slabs(t))
    return NULL;
  uint32_t number = t->free_head - 1;
  struct pm_entry *e = entry_at(t, number);
  t->free_head = e->seen;
  *e = (struct pm_entry){
      .pid = pid, .birth = birth, .life = PM_LIFE_LIVE, .number = number};
  pm_hash_table_add(&t->index, hash_of(pid), number);
  t->count++;
  return e;
}

void pm_table_remove(struct pm_table *t, struct pm_entry *e) {
  pm_hash_table_remove(&t->index, hash_of(e->pid), e->number);
  free(e->cmdline);
  e->cmdline = NULL;
  put_free(t, e);
  t->count--;
}

bool pm_entry_has_execed(const struct pm_entry *e, const struct pm_task *t) {
  return memcmp(e->comm, t->comm, sizeof e->comm) != 0 ||
         (e->exec_mark && t->exec_mark && e->exec_mark != t->exec_mark);
}

void pm_table_each(struct pm_table *t,
                   void (*visit)(void *arg, struct pm_entry *entry),
                   void *arg) {
  for (size_t i = 0; i < t->slab_count; i++)
    for (size_t k = 0; k < SLAB; k++)
      if (t->slabs[i][k].life != PM_LIFE_FREE)
        visit(arg, &t->slabs[i][k]);
}
