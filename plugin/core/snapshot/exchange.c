#include "core/snapshot/exchange.h"

#include "base/fd.h"
#include "core/snapshot/exchange_jobs.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 8192, SIGNALS = 64 };

/* What somebody sent through the socket. */
struct sent_signal {
  int32_t pid;
  int32_t number;
  uint64_t birth, until; /* mono; 0 = not in use */
};

struct pm_exchange {
  int fd;                /* eventfd(2) */
  pthread_mutex_t mutex; /* of all below */
  struct pm_snapshot *latest;
  uint64_t turns_until, events_until;  /* mono */
  struct pm_exchange_event *ring;      /* NULL until events are requested */
  uint64_t next;                       /* number of the next event */
  struct sent_signal signals[SIGNALS]; /* the newest replaces the oldest */
  size_t next_signal;
  struct pm_job_row *jobs; /* NULL: there were none */
  size_t job_count;
  double job_total;
  struct pm_job_scope *scopes; /* not taken yet; NULL: there are none */
  size_t scope_count;
  struct pm_exit *deaths; /* NULL until one is noted */
  uint64_t next_death;    /* the newest replaces the oldest */
};

int pm_exchange_new(struct pm_exchange **ret, struct pm_err *err) {
  struct pm_exchange *x = calloc(1, sizeof *x);
  if (!x)
    return pm_err_set(err, ENOMEM, "make the exchange");
  x->fd = pm_fd_high(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (x->fd < 0) {
    int num = errno;
    free(x);
    return pm_err_set(err, num, "make the exchange's eventfd");
  }
  pthread_mutex_init(&x->mutex, NULL);
  x->job_total = (double)NAN;
  *ret = x;
  return 0;
}

void pm_exchange_free(struct pm_exchange *x) {
  if (!x)
    return;
  pm_snapshot_unref(x->latest);
  pthread_mutex_destroy(&x->mutex);
  close(x->fd);
  free(x->ring);
  free(x->jobs);
  free(x->scopes);
  free(x->deaths);
  free(x);
}

/* ---- the tick ---- */

static void wake_control(const struct pm_exchange *x) {
  /* the only failure, EAGAIN, means that it is readable already */
  ssize_t ignored = write(x->fd, &(uint64_t){1}, sizeof(uint64_t));
  (void)ignored;
}

void pm_exchange_publish(struct pm_exchange *x, struct pm_snapshot *snapshot) {
  pthread_mutex_lock(&x->mutex);
  struct pm_snapshot *old = x->latest;
  x->latest = snapshot;
  pthread_mutex_unlock(&x->mutex);
  pm_snapshot_unref(old);
  wake_control(x);
}

bool pm_exchange_wants_turn(struct pm_exchange *x, uint64_t mono) {
  pthread_mutex_lock(&x->mutex);
  bool wanted = mono < x->turns_until;
  pthread_mutex_unlock(&x->mutex);
  return wanted;
}

bool pm_exchange_wants_events(struct pm_exchange *x, uint64_t mono) {
  pthread_mutex_lock(&x->mutex);
  bool wanted = mono < x->events_until;
  pthread_mutex_unlock(&x->mutex);
  return wanted;
}

void pm_exchange_add_event(struct pm_exchange *x,
                           const struct pm_exchange_event *event) {
  pthread_mutex_lock(&x->mutex);
  if (x->ring)
    x->ring[x->next++ % RING] = *event;
  pthread_mutex_unlock(&x->mutex);
}

/* A program may end by itself when it is asked to. */
static bool asks_for_the_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT ||
         signal == SIGHUP;
}

static bool explains(const struct sent_signal *s, const struct pm_exit *e,
                     uint64_t mono) {
  if (mono >= s->until || s->pid != e->pid ||
      (s->birth && s->birth != e->birth) || e->oom)
    return false;
  return WIFSIGNALED(e->status) ? (int)WTERMSIG(e->status) == s->number
                                : asks_for_the_end(s->number);
}

bool pm_exchange_was_asked(struct pm_exchange *x, const struct pm_exit *exit,
                           uint64_t mono) {
  bool asked = false;
  pthread_mutex_lock(&x->mutex);
  for (size_t i = 0; i < SIGNALS && !asked; i++)
    asked = explains(&x->signals[i], exit, mono);
  pthread_mutex_unlock(&x->mutex);
  return asked;
}

size_t pm_exchange_jobs(struct pm_exchange *x, struct pm_job_row *ret,
                        size_t room, double *ret_total) {
  pthread_mutex_lock(&x->mutex);
  size_t n = x->job_count < room ? x->job_count : room;
  if (n)
    memcpy(ret, x->jobs, n * sizeof *ret);
  *ret_total = x->job_total;
  pthread_mutex_unlock(&x->mutex);
  return n;
}

bool pm_exchange_take_scopes(struct pm_exchange *x, struct pm_job_scope **ret,
                             size_t *ret_count) {
  pthread_mutex_lock(&x->mutex);
  *ret = x->scopes;
  *ret_count = x->scope_count;
  x->scopes = NULL;
  pthread_mutex_unlock(&x->mutex);
  return *ret;
}

/* Only this thread makes room, so that it does so without the mutex. */
void pm_exchange_note_death(struct pm_exchange *x, const struct pm_exit *exit) {
  struct pm_exit *deaths = x->deaths;
  if (!deaths)
    deaths = calloc(PM_EXCHANGE_DEATHS, sizeof *deaths);
  if (!deaths)
    return;
  pthread_mutex_lock(&x->mutex);
  x->deaths = deaths;
  x->deaths[x->next_death % PM_EXCHANGE_DEATHS] = *exit;
  x->deaths[x->next_death++ % PM_EXCHANGE_DEATHS].group = NULL;
  pthread_mutex_unlock(&x->mutex);
}

/* ---- the control thread ---- */

bool pm_exchange_find_death(struct pm_exchange *x, int32_t pid, uint64_t birth,
                            struct pm_exit *ret) {
  bool found = false;
  pthread_mutex_lock(&x->mutex);
  for (size_t i = 0; x->deaths && i < PM_EXCHANGE_DEATHS && !found; i++)
    if (x->deaths[i].pid == pid && x->deaths[i].birth == birth) {
      *ret = x->deaths[i];
      found = true;
    }
  pthread_mutex_unlock(&x->mutex);
  return found;
}

void pm_exchange_set_jobs(struct pm_exchange *x, const struct pm_job_row *rows,
                          size_t count, double total) {
  pthread_mutex_lock(&x->mutex);
  if (!x->jobs && count)
    x->jobs = calloc(PM_EXCHANGE_JOBS, sizeof *x->jobs);
  x->job_count = x->jobs ? count : 0;
  if (x->job_count)
    memcpy(x->jobs, rows, count * sizeof *rows);
  x->job_total = total;
  pthread_mutex_unlock(&x->mutex);
}

void pm_exchange_set_scopes(struct pm_exchange *x, struct pm_job_scope *list,
                            size_t count) {
  pthread_mutex_lock(&x->mutex);
  struct pm_job_scope *old = x->scopes;
  x->scopes = list;
  x->scope_count = count;
  pthread_mutex_unlock(&x->mutex);
  free(old);
}

void pm_exchange_note_signal(struct pm_exchange *x, int32_t pid, uint64_t birth,
                             int signal, uint64_t mono) {
  pthread_mutex_lock(&x->mutex);
  x->signals[x->next_signal++ % SIGNALS] =
      (struct sent_signal){.pid = pid,
                           .number = signal,
                           .birth = birth,
                           .until = mono + PM_EXCHANGE_SIGNAL_S * PM_NS_PER_S};
  pthread_mutex_unlock(&x->mutex);
}

int pm_exchange_fd(const struct pm_exchange *x) { return x->fd; }

struct pm_snapshot *pm_exchange_latest(struct pm_exchange *x) {
  pthread_mutex_lock(&x->mutex);
  struct pm_snapshot *latest = pm_snapshot_ref(x->latest);
  pthread_mutex_unlock(&x->mutex);
  return latest;
}

void pm_exchange_request_turns(struct pm_exchange *x, uint64_t until) {
  pthread_mutex_lock(&x->mutex);
  if (until > x->turns_until)
    x->turns_until = until;
  pthread_mutex_unlock(&x->mutex);
}

/* Only this thread sets the ring, so it may check without the mutex whether
 * there is one; more than a megabyte is not allocated while the tick waits. */
int pm_exchange_request_events(struct pm_exchange *x, uint64_t until) {
  struct pm_exchange_event *ring = x->ring;
  if (!ring)
    ring = calloc(RING, sizeof *ring);
  if (!ring)
    return -ENOMEM;
  pthread_mutex_lock(&x->mutex);
  x->ring = ring;
  if (until > x->events_until)
    x->events_until = until;
  pthread_mutex_unlock(&x->mutex);
  return 0;
}

uint64_t pm_exchange_next_event(struct pm_exchange *x) {
  pthread_mutex_lock(&x->mutex);
  uint64_t next = x->next;
  pthread_mutex_unlock(&x->mutex);
  return next;
}

static size_t copy_events(const struct pm_exchange *x, uint64_t *cursor,
                          struct pm_exchange_event *ret, size_t room,
                          uint64_t *lost) {
  uint64_t oldest = x->next > RING ? x->next - RING : 0;
  if (*cursor < oldest) {
    *lost += oldest - *cursor;
    *cursor = oldest;
  }
  size_t n = 0;
  while (n < room && *cursor < x->next)
    ret[n++] = x->ring[(*cursor)++ % RING];
  return n;
}

size_t pm_exchange_read_events(struct pm_exchange *x, uint64_t *cursor,
                               struct pm_exchange_event *ret, size_t room,
                               uint64_t *lost) {
  pthread_mutex_lock(&x->mutex);
  size_t n = copy_events(x, cursor, ret, room, lost);
  pthread_mutex_unlock(&x->mutex);
  return n;
}
