#include "server/clients.h"

#include "server/call.h"
#include "server/conn_limit.h"
#include "server/overdue.h"
#include "server/reply.h"
#include "server/serve.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static uint64_t mono(const struct pm_clients *s) {
  return s->context->now.mono;
}

/* ---- coming ---- */

static void reject(struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_LIMIT_EXCEEDED,
          "too many connections (%d, %d a user) and none of them is idle",
          PM_CONN_LIMIT_ALL, PM_CONN_LIMIT_USER);
  pm_reply_failure(c->json, NULL, &f);
  c->closing = true;
}

/* The one that makes place is told why, if it can take it at once. */
static bool make_place(struct pm_clients *s, pm_peer_user user) {
  struct pm_client *leaver;
  struct pm_failure f;
  bool place = pm_conn_limit_admit(s->list, s->max, user, &leaver);
  if (!leaver)
    return place;
  pm_fail(
      &f, PM_CODE_LIMIT_EXCEEDED,
      "this connection was idle for longest, and there are too many (%d, %d "
      "a user)",
      PM_CONN_LIMIT_ALL, PM_CONN_LIMIT_USER);
  pm_reply_failure(leaver->json, NULL, &f);
  pm_client_send(leaver, mono(s));
  leaver->dead = true;
  pm_client_touch(leaver);
  return true;
}

static void add_to_list(struct pm_clients *s, struct pm_client *c) {
  c->next = s->list;
  c->link = &s->list;
  if (c->next)
    c->next->link = &c->next;
  s->list = c;
}

static void remove_from_list(struct pm_client *c) {
  *c->link = c->next;
  if (c->next)
    c->next->link = c->link;
}

/* Takes the reference to the peer.  NULL: no memory. */
static struct pm_client *make_client(struct pm_clients *s, int fd,
                                     bool fds_refused, struct pm_peer *peer) {
  bool room = pm_timers_reserve(&s->timers, pm_clients_count(s) + 1) == 0;
  struct pm_share *share = room ? pm_share_join(&s->shares, peer->user) : NULL;
  struct pm_client *c = share ? pm_client_new(fd, fds_refused, peer) : NULL;
  if (!c) {
    if (share)
      pm_share_leave(share);
    pm_peer_unref(peer);
    return NULL;
  }
  c->owner = s;
  c->share = share;
  c->last_request = mono(s);
  c->watch.ready = pm_serve_ready;
  c->touched = &s->context->touched;
  c->dead = pm_loop_add(s->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP) < 0;
  add_to_list(s, c);
  pm_client_touch(c);
  atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
  return c;
}

int pm_clients_add(struct pm_clients *s, int fd, bool fds_refused,
                   struct pm_share *share) {
  struct pm_peer *peer;
  int status = pm_peer_new(fd, &peer, NULL);
  if (status < 0)
    return status;
  bool place = make_place(s, peer->user);
  struct pm_client *c = make_client(s, fd, fds_refused, peer);
  if (!c)
    return -ENOMEM;
  if (!place)
    reject(c);
  pm_share_end(&s->shares, share);
  pm_serve_write(s, c);
  pm_serve_watch(s, c);
  pm_share_end(&s->shares, c->share);
  return 0;
}

/* ---- going ---- */

static void detach_calls(struct pm_clients *s, struct pm_client *c) {
  struct pm_call *rest = c->calls;
  c->calls = NULL;
  while (rest) {
    struct pm_call *call = rest;
    rest = call->next;
    struct pm_call **list = pm_call_detach(call) ? &s->detached : &c->calls;
    call->next = *list;
    *list = call;
  }
  pm_call_sweep(&c->calls, c);
}

static void remove_client(struct pm_clients *s, struct pm_client *c) {
  struct pm_share *share = c->share;
  pm_share_begin(&s->shares);
  remove_from_list(c);
  pm_timers_set(&s->timers, &c->timer, 0);
  detach_calls(s, c);
  int fd = c->watch.fd;
  pm_loop_remove(s->loop, &c->watch);
  c->watch.fd = fd;
  pm_client_free(c, &s->deferred);
  pm_share_end(&s->shares, share);
  pm_share_leave(share);
  atomic_fetch_sub_explicit(&s->count, 1, memory_order_relaxed);
}

/* ---- what is held too long ---- */

/* It takes nothing any more, so that only the administrator can be told. */
static void give_up(struct pm_clients *s, struct pm_client *c,
                    const char *why) {
  pm_audit_closed(&s->context->audit, s->context->now, c->peer, why);
  c->dead = true;
  pm_client_touch(c);
}

static void close_far_behind(struct pm_clients *s) {
  uint64_t oldest = pm_overdue_oldest(s->list);
  for (struct pm_client *c = s->list; c; c = c->next)
    if (!c->dead && pm_overdue_list(c, oldest))
      give_up(s, c, "it is more than three turns behind with a list");
    else if (!c->dead && pm_overdue_made(c, oldest, mono(s)))
      give_up(s, c, "its user asks for more lists than his time allows");
}

static bool has_come(const struct pm_clients *s, uint64_t at) {
  return at && mono(s) >= at;
}

/* ---- time ---- */

/* What acts has its own times, and takes little. */
static void step_call(struct pm_clients *s, struct pm_share *share,
                      struct pm_call *call) {
  if (!call->ops->outlives && !pm_share_may(&s->shares, share))
    return;
  pm_share_begin(&s->shares);
  pm_call_step(call);
  pm_share_end(&s->shares, share);
}

/* False: none was due. */
static bool step_calls(struct pm_clients *s, struct pm_client *c,
                       bool published) {
  bool due = false;
  for (struct pm_call *call = c->calls; call; call = call->next) {
    pm_call_note(call, published);
    if (!pm_call_is_due(call))
      continue;
    due = true;
    step_call(s, c->share, call);
  }
  return due;
}

static void end_slow_request(struct pm_clients *s, struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_NO_REQUEST, "a request must be complete within %d s",
          PM_CLIENT_REQUEST_S);
  pm_reply_failure(c->json, NULL, &f);
  c->closing = true;
  pm_client_send(c, mono(s));
  pm_serve_watch(s, c);
}

static void end_slow_reader(struct pm_clients *s, struct pm_client *c) {
  pm_client_send(c, mono(s)); /* epoll reports a small amount of room late */
  if (has_come(s, pm_overdue_reading(c)))
    give_up(s, c, "it has not read for 10 s");
}

/* What is due by itself, or by a snapshot.  Where nothing is, a pass that
 * somebody else has caused is not counted to him. */
static void attend(struct pm_clients *s, struct pm_client *c, bool published) {
  if (has_come(s, pm_overdue_reading(c)))
    end_slow_reader(s, c);
  if (has_come(s, pm_overdue_request(c)))
    end_slow_request(s, c);
  bool due = step_calls(s, c, published);
  if (c->dead || !(due || pm_call_next_writer(c)))
    return;
  pm_share_begin(&s->shares);
  pm_serve_write(s, c);
  pm_call_sweep(&c->calls, c);
  pm_serve_watch(s, c);
  pm_share_end(&s->shares, c->share);
}

/* ---- calls without a client ---- */

static void sooner(uint64_t *first, uint64_t at) {
  if (at && (!*first || at < *first))
    *first = at;
}

static void step_detached(struct pm_clients *s, bool published) {
  s->detached_at = 0;
  for (struct pm_call *call = s->detached; call; call = call->next) {
    pm_call_note(call, published);
    if (pm_call_is_due(call))
      pm_call_step(call);
  }
  pm_call_sweep(&s->detached, NULL);
  for (struct pm_call *call = s->detached; call; call = call->next)
    sooner(&s->detached_at, pm_call_next_step(call));
  s->context->touched.detached = false; /* what was touched is in the time */
}

/* ---- a pass ---- */

static bool waits_for_turn(const struct pm_client *c) {
  for (const struct pm_call *call = c->calls; call; call = call->next)
    if (pm_call_waits(call, PM_WAKE_TURN))
      return true;
  return false;
}

static void touch_waiting(struct pm_clients *s) {
  for (struct pm_client *c = s->list; c; c = c->next)
    if (waits_for_turn(c))
      pm_client_touch(c);
}

static void touch_due(struct pm_clients *s) {
  struct pm_timer *timer;
  while ((timer = pm_timers_take(&s->timers, mono(s))))
    pm_client_touch((struct pm_client *)((char *)timer -
                                         offsetof(struct pm_client, timer)));
}

/* What its user has no time for is done when he has (pm_share_next). */
static void set_timer(struct pm_clients *s, struct pm_client *c) {
  uint64_t at = pm_overdue_reading(c);
  sooner(&at, pm_overdue_request(c));
  for (const struct pm_call *call = c->calls; call; call = call->next)
    if (!pm_call_is_due(call))
      sooner(&at, pm_call_next_step(call));
  pm_timers_set(&s->timers, &c->timer, at);
}

/* Frees the dead, and lets those rest that have nothing more to do now. */
static void settle(struct pm_clients *s) {
  for (struct pm_client **at = &s->context->touched.clients; *at;) {
    struct pm_client *c = *at;
    if (!c->dead) {
      set_timer(s, c);
      if (pm_serve_has_more(c)) {
        at = &c->next_touched;
        continue;
      }
    }
    *at = c->next_touched;
    c->is_touched = false;
    if (c->dead)
      remove_client(s, c);
  }
}

void pm_clients_begin(struct pm_clients *s) {
  pm_share_pass(&s->shares, mono(s));
}

static void take_all_turns(struct pm_clients *s) {
  while (pm_serve_turns(s))
    continue;
}

void pm_clients_sweep(struct pm_clients *s, bool published) {
  touch_due(s);
  if (published) {
    touch_waiting(s);
    close_far_behind(s);
  }
  /* who has both takes turns: long answers, and new requests */
  s->turns_first = !s->turns_first;
  if (s->turns_first)
    take_all_turns(s);
  for (struct pm_client *c = s->context->touched.clients; c;
       c = c->next_touched)
    attend(s, c, published);
  take_all_turns(s);
  settle(s);
  if (published || s->context->touched.detached || has_come(s, s->detached_at))
    step_detached(s, published);
}

uint64_t pm_clients_next(const struct pm_clients *s) {
  uint64_t first = pm_timers_next(&s->timers);
  for (const struct pm_client *c = s->context->touched.clients; c;
       c = c->next_touched)
    if (c->dead || !c->share->waits)
      return 1; /* since the last sweep */
  if (s->context->touched.detached)
    return 1;
  sooner(&first, s->detached_at);
  sooner(&first, pm_share_next(&s->shares));
  return first;
}

unsigned pm_clients_count(const struct pm_clients *s) {
  return atomic_load_explicit(&((struct pm_clients *)(uintptr_t)s)->count,
                              memory_order_relaxed);
}

/* ---- life ---- */

/* Half of the descriptors that the daemon may have: a client needs two, its
 * connection and its pidfd. */
static unsigned clients_allowed(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return PM_CONN_LIMIT_ALL / 4;
  rlim_t share = limit.rlim_cur / 4;
  if (share < 2 * PM_CONN_LIMIT_ROOT)
    share = 2 * PM_CONN_LIMIT_ROOT;
  return share > PM_CONN_LIMIT_ALL ? PM_CONN_LIMIT_ALL : (unsigned)share;
}

int pm_clients_init(struct pm_clients *s, struct pm_context *context,
                    struct pm_loop *loop, struct pm_err *err) {
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  s->context = context;
  s->loop = loop;
  s->max = clients_allowed();
  s->deferred.path = context->environment->helper;
  s->reader = pm_json_in_new(&limits);
  return s->reader ? 0 : pm_err_set(err, ENOMEM, "make the JSON reader");
}

void pm_clients_done(struct pm_clients *s) {
  for (struct pm_client *c = s->list, *next; c; c = next) {
    next = c->next;
    remove_client(s, c);
  }
  if (s->context)
    s->context->touched = (struct pm_touched){0};
  pm_timers_done(&s->timers);
  pm_share_done(&s->shares);
  for (struct pm_call *call = s->detached; call; call = call->next)
    pm_call_drop(call);
  pm_call_sweep(&s->detached, NULL);
  pm_deferred_close_done(&s->deferred);
  pm_json_in_free(s->reader);
  s->reader = NULL;
}
