#include "core/account/reaped.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE_MIN = 64 };

void pm_reaped_done(struct pm_reaped *h) {
  free(h->list);
  *h = (struct pm_reaped){0};
}

static size_t home(const struct pm_reaped *h, int32_t pid) {
  uint64_t mixed = (uint64_t)(uint32_t)pid * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(mixed >> 32) & (h->size - 1);
}

/* The estate of that parent, or the free place where it would be. */
static struct pm_reaped_io *place(const struct pm_reaped *h, int32_t pid,
                                  uint64_t birth) {
  size_t i = home(h, pid);
  while (h->list[i].pid && (h->list[i].pid != pid || h->list[i].birth != birth))
    i = (i + 1) & (h->size - 1);
  return &h->list[i];
}

/* Anew into a list of that size, without those from before the turn. */
static bool rebuild(struct pm_reaped *h, size_t size, uint32_t turn) {
  struct pm_reaped new = {calloc(size, sizeof *new.list), size, 0};
  if (!new.list)
    return false;
  for (size_t i = 0; i < h->size; i++) {
    const struct pm_reaped_io *e = &h->list[i];
    if (e->pid == 0 || e->turn < turn)
      continue;
    *place(&new, e->pid, e->birth) = *e;
    new.count++;
  }
  free(h->list);
  *h = new;
  return true;
}

static bool make_room(struct pm_reaped *h) {
  if (h->size == 0)
    return rebuild(h, SIZE_MIN, 0);
  return (h->count + 1) * 2 <= h->size || rebuild(h, h->size * 2, 0);
}

void pm_reaped_add(struct pm_reaped *h, uint32_t turn, int32_t pid,
                   uint64_t birth, uint64_t faults,
                   const uint64_t last[PM_F_COUNTERS], uint32_t known) {
  if (pid <= 0 || !make_room(h))
    return;
  struct pm_reaped_io *e = place(h, pid, birth);
  if (e->pid == 0) {
    *e = (struct pm_reaped_io){.pid = pid, .birth = birth, .known = PM_HAVE_IO};
    h->count++;
  }
  e->turn = turn;
  e->faults += faults;
  e->known &= known;
  for (int i = 0; i < PM_REAPED_IO; i++)
    e->io[i] += last[PM_F_io_read + i];
}

static void pay(struct pm_reaped_io *e, struct pm_entry *parent) {
  parent->reaped_now -= e->faults;
  for (int i = 0; i < PM_REAPED_IO; i++)
    if (parent->known & e->known & PM_BIT(PM_F_io_read + i))
      parent->last[PM_F_io_read + i] += e->io[i];
    else /* of unknown size: lay a new base */
      parent->known &= ~PM_BIT(PM_F_io_read + i);
}

/* The place stays taken until the next sweep. */
static void empty(struct pm_reaped_io *e) {
  *e = (struct pm_reaped_io){
      .pid = e->pid, .birth = e->birth, .known = PM_HAVE_IO};
}

void pm_reaped_correct(struct pm_reaped *h, struct pm_entry *parent,
                       bool seen) {
  if (h->count == 0)
    return;
  struct pm_reaped_io *e = place(h, parent->pid, parent->birth);
  bool paid = e->pid && parent->reaped_now >= e->faults;
  if (paid)
    pay(e, parent);
  if (paid || (e->pid && seen))
    empty(e);
}

void pm_reaped_expire(struct pm_reaped *h, uint32_t turn) {
  bool roomy = h->size > SIZE_MIN && h->count * 8 < h->size;
  if (h->count || roomy)
    rebuild(h, roomy ? h->size / 2 : h->size, turn);
}
