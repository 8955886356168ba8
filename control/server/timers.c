#include "server/timers.h"

#include <errno.h>
#include <stdlib.h>

int pm_timers_reserve(struct pm_timers *t, size_t count) {
  if (count <= t->room)
    return 0;
  size_t room = t->room ? 2 * t->room : 16;
  room = room < count ? count : room;
  void *more = realloc(t->heap, room * sizeof(struct pm_timer *));
  if (!more)
    return -ENOMEM;
  t->heap = more;
  t->room = room;
  return 0;
}

static struct pm_timer *at_place(const struct pm_timers *t, size_t place) {
  return t->heap[place - 1];
}

static void put(struct pm_timers *t, struct pm_timer *timer, size_t place) {
  t->heap[place - 1] = timer;
  timer->place = place;
}

/* Puts it where it belongs, on the way up from that place. */
static void rise(struct pm_timers *t, struct pm_timer *timer, size_t place) {
  while (place > 1 && at_place(t, place / 2)->at > timer->at) {
    put(t, at_place(t, place / 2), place);
    place /= 2;
  }
  put(t, timer, place);
}

static void sink(struct pm_timers *t, struct pm_timer *timer, size_t place) {
  for (size_t next; (next = 2 * place) <= t->count; place = next) {
    if (next < t->count && at_place(t, next + 1)->at < at_place(t, next)->at)
      next++;
    if (at_place(t, next)->at >= timer->at)
      break;
    put(t, at_place(t, next), place);
  }
  put(t, timer, place);
}

static void take_out(struct pm_timers *t, struct pm_timer *timer) {
  size_t place = timer->place;
  struct pm_timer *last = at_place(t, t->count--);
  timer->place = 0;
  if (last == timer)
    return;
  rise(t, last, place);
  sink(t, last, last->place);
}

void pm_timers_set(struct pm_timers *t, struct pm_timer *timer, uint64_t at) {
  if (timer->place && timer->at == at)
    return;
  if (timer->place)
    take_out(t, timer);
  timer->at = at;
  if (at)
    rise(t, timer, ++t->count);
}

uint64_t pm_timers_next(const struct pm_timers *t) {
  return t->count ? t->heap[0]->at : 0;
}

struct pm_timer *pm_timers_take(struct pm_timers *t, uint64_t mono) {
  if (!t->count || t->heap[0]->at > mono)
    return NULL;
  struct pm_timer *first = t->heap[0];
  take_out(t, first);
  return first;
}

void pm_timers_done(struct pm_timers *t) {
  free(t->heap);
  *t = (struct pm_timers){0};
}
