#include "core/snapshot/exchange.h"

#include "base/fd.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RING = 8192 };

struct pm_exchange {
  int fd;                /* eventfd(2) */
  pthread_mutex_t mutex; /* of all below */
  struct pm_snapshot *latest;
  uint64_t turns_until, events_until; /* mono */
  struct pm_exchange_event *ring;     /* NULL until somebody wants events */
  uint64_t next;                      /* number of the next event */
};

int pm_exchange_new(struct pm_exchange **ret, struct pm_err *err) {
  struct pm_exchange *f = calloc(1, sizeof *f);
  if (!f)
    return pm_err_set(err, ENOMEM, "make the feed");
  f->fd = pm_fd_high(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (f->fd < 0) {
    int num = errno;
    free(f);
    return pm_err_set(err, num, "make the feed's eventfd");
  }
  pthread_mutex_init(&f->mutex, NULL);
  *ret = f;
  return 0;
}

void pm_exchange_free(struct pm_exchange *f) {
  if (!f)
    return;
  pm_snapshot_unref(f->latest);
  pthread_mutex_destroy(&f->mutex);
  close(f->fd);
  free(f->ring);
  free(f);
}

/* ---- the tick ---- */

static void wake(const struct pm_exchange *f) {
  /* the only failure, EAGAIN, means that it is readable already */
  ssize_t ignored = write(f->fd, &(uint64_t){1}, sizeof(uint64_t));
  (void)ignored;
}

void pm_exchange_publish(struct pm_exchange *f, struct pm_snapshot *snapshot) {
  pthread_mutex_lock(&f->mutex);
  struct pm_snapshot *old = f->latest;
  f->latest = snapshot;
  pthread_mutex_unlock(&f->mutex);
  pm_snapshot_unref(old);
  wake(f);
}

bool pm_exchange_wants_turn(struct pm_exchange *f, uint64_t mono) {
  pthread_mutex_lock(&f->mutex);
  bool wanted = mono < f->turns_until;
  pthread_mutex_unlock(&f->mutex);
  return wanted;
}

bool pm_exchange_wants_events(struct pm_exchange *f, uint64_t mono) {
  pthread_mutex_lock(&f->mutex);
  bool wanted = mono < f->events_until;
  pthread_mutex_unlock(&f->mutex);
  return wanted;
}

void pm_exchange_add_event(struct pm_exchange *f,
                           const struct pm_exchange_event *event) {
  pthread_mutex_lock(&f->mutex);
  if (f->ring)
    f->ring[f->next++ % RING] = *event;
  pthread_mutex_unlock(&f->mutex);
}

/* ---- the control thread ---- */

int pm_exchange_fd(const struct pm_exchange *f) { return f->fd; }

struct pm_snapshot *pm_exchange_latest(struct pm_exchange *f) {
  pthread_mutex_lock(&f->mutex);
  struct pm_snapshot *latest = pm_snapshot_ref(f->latest);
  pthread_mutex_unlock(&f->mutex);
  return latest;
}

void pm_exchange_request_turns(struct pm_exchange *f, uint64_t until) {
  pthread_mutex_lock(&f->mutex);
  if (until > f->turns_until)
    f->turns_until = until;
  pthread_mutex_unlock(&f->mutex);
}

/* Only this thread sets the ring, so it may look without the mutex whether
 * there is one; over a megabyte is not made while the tick waits. */
int pm_exchange_request_events(struct pm_exchange *f, uint64_t until) {
  struct pm_exchange_event *ring = f->ring;
  if (!ring)
    ring = calloc(RING, sizeof *ring);
  if (!ring)
    return -ENOMEM;
  pthread_mutex_lock(&f->mutex);
  f->ring = ring;
  if (until > f->events_until)
    f->events_until = until;
  pthread_mutex_unlock(&f->mutex);
  return 0;
}

uint64_t pm_exchange_next_event(struct pm_exchange *f) {
  pthread_mutex_lock(&f->mutex);
  uint64_t next = f->next;
  pthread_mutex_unlock(&f->mutex);
  return next;
}

static size_t copy_events(const struct pm_exchange *f, uint64_t *cursor,
                          struct pm_exchange_event *ret, size_t room,
                          uint64_t *lost) {
  uint64_t oldest = f->next > RING ? f->next - RING : 0;
  if (*cursor < oldest) {
    *lost += oldest - *cursor;
    *cursor = oldest;
  }
  size_t n = 0;
  while (n < room && *cursor < f->next)
    ret[n++] = f->ring[(*cursor)++ % RING];
  return n;
}

size_t pm_exchange_read_events(struct pm_exchange *f, uint64_t *cursor,
                               struct pm_exchange_event *ret, size_t room,
                               uint64_t *lost) {
  pthread_mutex_lock(&f->mutex);
  size_t n = copy_events(f, cursor, ret, room, lost);
  pthread_mutex_unlock(&f->mutex);
  return n;
}
