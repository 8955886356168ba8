#include "core/account/reaped.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 64 };

void pm_reaped_done(struct pm_reaped *r) {
  free(r->list);
  pm_hash_table_done(&r->index);
  *r = (struct pm_reaped){0};
}

static uint32_t hash_of(int32_t pid) { return pm_hash_number((uint32_t)pid); }

static struct pm_reaped_io *find_io(const struct pm_reaped *r, int32_t pid,
                                    uint64_t birth) {
  struct pm_hash_walk walk = pm_hash_table_walk(&r->index, hash_of(pid));
  for (uint32_t i; pm_hash_table_next(&r->index, &walk, &i);)
    if (r->list[i].pid == pid && r->list[i].birth == birth)
      return &r->list[i];
  return NULL;
}

static bool make_room(struct pm_reaped *r) {
  if (pm_hash_table_reserve(&r->index, 1) < 0)
    return false;
  if (r->count < r->room)
    return true;
  size_t room = r->room ? r->room * 2 : ROOM_MIN;
  struct pm_reaped_io *list = realloc(r->list, room * sizeof *list);
  if (!list)
    return false;
  r->list = list;
  r->room = room;
  return true;
}

static struct pm_reaped_io *add_io(struct pm_reaped *r, int32_t pid,
                                   uint64_t birth) {
  if (!make_room(r))
    return NULL;
  pm_hash_table_add(&r->index, hash_of(pid), (uint32_t)r->count);
  struct pm_reaped_io *io = &r->list[r->count++];
  *io = (struct pm_reaped_io){.pid = pid, .birth = birth, .known = PM_HAVE_IO};
  return io;
}

void pm_reaped_add(struct pm_reaped *r, uint32_t turn, int32_t pid,
                   uint64_t birth, uint64_t faults,
                   const uint64_t last[PM_F_COUNTERS], uint32_t known) {
  if (pid <= 0)
    return;
  struct pm_reaped_io *io = find_io(r, pid, birth);
  if (!io)
    io = add_io(r, pid, birth);
  if (!io)
    return;
  io->turn = turn;
  io->faults += faults;
  io->known &= known;
  for (int i = 0; i < PM_REAPED_IO; i++)
    io->io[i] += last[PM_F_io_read + i];
}

void pm_reaped_grow(struct pm_entry *parent, uint64_t reaped_faults) {
  uint64_t more = reaped_faults - parent->reaped_faults;
  if (more > UINT32_MAX - parent->reaped_now)
    more = UINT32_MAX - parent->reaped_now;
  parent->reaped_now += (uint32_t)more;
  parent->reaped_faults = reaped_faults;
}

/* All of it is part of the parent's counters: raises their bases by it. */
static void move_bases(const struct pm_reaped_io *io, struct pm_entry *parent) {
  parent->reaped_now -= (uint32_t)io->faults;
  for (int i = 0; i < PM_REAPED_IO; i++)
    if (parent->known & io->known & PM_BIT(PM_F_io_read + i))
      parent->last[PM_F_io_read + i] += io->io[i];
    else /* of unknown size: the next value is the new base */
      parent->known &= ~PM_BIT(PM_F_io_read + i);
}

/* The entry stays until it expires. */
static void clear_io(struct pm_reaped_io *io) {
  *io = (struct pm_reaped_io){
      .pid = io->pid, .birth = io->birth, .known = PM_HAVE_IO};
}

void pm_reaped_correct(struct pm_reaped *r, struct pm_entry *parent,
                       bool seen) {
  struct pm_reaped_io *io =
      r->count ? find_io(r, parent->pid, parent->birth) : NULL;
  if (!io)
    return;
  bool given = parent->reaped_now >= io->faults;
  if (given)
    move_bases(io, parent);
  if (given || seen)
    clear_io(io);
}

void pm_reaped_wait(struct pm_entry *parent) {
  bool waits = parent->reaped_now > 0 && !(parent->flags & PM_ENTRY_IO_WAITS);
  parent->flags &= (uint16_t)~PM_ENTRY_IO_WAITS;
  parent->flags |= waits ? PM_ENTRY_IO_WAITS : 0;
}

/* A burst of exits is over: gives memory back, half of it at a time. */
static void shrink(struct pm_reaped *r) {
  if (r->room <= ROOM_MIN || r->count * 8 >= r->room)
    return;
  struct pm_reaped_io *half = realloc(r->list, r->room / 2 * sizeof *r->list);
  if (!half)
    return;
  r->list = half;
  r->room /= 2;
}

void pm_reaped_expire(struct pm_reaped *r, uint32_t turn) {
  size_t kept = 0;
  if (r->count == 0 && r->room <= ROOM_MIN)
    return;
  pm_hash_table_clear(&r->index);
  for (size_t i = 0; i < r->count; i++) {
    if (r->list[i].turn < turn)
      continue;
    r->list[kept] = r->list[i];
    pm_hash_table_add(&r->index, hash_of(r->list[kept].pid), (uint32_t)kept);
    kept++;
  }
  r->count = kept;
  shrink(r);
}
