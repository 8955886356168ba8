#include "server/clients.h"

#include "server/call.h"
#include "server/conn_limit.h"
#include "server/dispatch.h"
#include "server/reply.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static uint64_t mono(const struct pm_clients *s) {
  return s->context->now.mono;
}

/* ---- writing ---- */

/* Lets the client's calls write while it takes their output; only so many
 * pieces at a time, so that a fast reader of a long list does not keep the
 * thread busy. */
static void write_calls(struct pm_clients *s, struct pm_client *c) {
  enum { PIECES = 32 };
  for (int i = 0; i < PIECES && pm_client_has_room(c); i++) {
    struct pm_call *call = pm_call_next_writer(c);
    if (!call)
      break;
    pm_call_write(c, call);
    if (pm_json_out_status(c->json) < 0)
      c->dead = true; /* after an incomplete message no other can follow */
    if (c->out.length >= PM_CLIENT_FULL)
      pm_client_send(c, mono(s));
  }
  pm_client_send(c, mono(s));
}

/* ---- reading ---- */

/* As long as there is room for the answers. */
static void take_requests(struct pm_clients *s, struct pm_client *c) {
  char *text;
  size_t length;
  while (pm_client_has_room(c) && !c->closing &&
         pm_frame_next(&c->in, &text, &length)) {
    c->last_request = mono(s);
    c->request_since = 0; /* of the next one, if there is more */
    pm_dispatch_frame(s->context, s->reader, c, text, length);
    write_calls(s, c);
    pm_call_sweep(&c->calls, c);
  }
}

static void answer_too_long(struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_NO_REQUEST, "a request has at most 262144 bytes");
  pm_reply_failure(c->json, NULL, &f);
  c->closing = true;
}

/* Sets what the loop watches for. */
static void watch_client(struct pm_clients *s, struct pm_client *c) {
  bool full = c->out.length >= PM_CLIENT_FULL;
  uint32_t events = 0; /* EPOLLHUP is always reported */
  if (!c->eof && !full && !c->closing)
    events |= EPOLLIN | EPOLLRDHUP;
  if (c->out.length > 0 || pm_call_next_writer(c))
    events |= EPOLLOUT;
  pm_loop_change(s->loop, &c->watch, events);
  bool partial = !full && !c->eof && pm_frame_partial(&c->in);
  c->request_since = !partial           ? 0
                     : c->request_since ? c->request_since
                                        : mono(s);
  if ((c->eof || c->closing) && c->out.length == 0 && (c->closing || !c->calls))
    c->dead = true;
}

static void on_client(struct pm_watch *watch, uint32_t events) {
  struct pm_client *c = (struct pm_client *)watch;
  struct pm_clients *s = c->owner;
  if (!c->dead && events & (EPOLLIN | EPOLLRDHUP) && !c->eof && !c->closing &&
      pm_client_has_room(c) && pm_client_receive(c) < 0)
    answer_too_long(c);
  if (!c->dead) {
    write_calls(s, c);
    take_requests(s, c);
    watch_client(s, c);
  }
  /* nobody reads any more; earlier requests have been started */
  if (events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN)))
    c->dead = true;
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

int pm_clients_add(struct pm_clients *s, int fd, bool fds_refused) {
  struct pm_peer *peer;
  int status = pm_peer_new(fd, &peer, NULL);
  if (status < 0)
    return status;
  bool place = pm_conn_limit_admit(s->list, s->max, peer->uid);
  struct pm_client *c = pm_client_new(fd, fds_refused, peer);
  if (!c) {
    pm_peer_unref(peer);
    return -ENOMEM;
  }
  c->owner = s;
  c->last_request = mono(s);
  c->watch.ready = on_client;
  status = pm_loop_add(s->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP);
  c->next = s->list;
  s->list = c;
  atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
  if (!place)
    reject(c);
  c->dead = status < 0;
  write_calls(s, c);
  watch_client(s, c);
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
  detach_calls(s, c);
  int fd = c->watch.fd;
  pm_loop_remove(s->loop, &c->watch);
  c->watch.fd = fd;
  pm_client_free(c, &s->deferred);
  atomic_fetch_sub_explicit(&s->count, 1, memory_order_relaxed);
}

static void free_dead(struct pm_clients *s) {
  for (struct pm_client **at = &s->list; *at;) {
    struct pm_client *c = *at;
    if (!c->dead) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    remove_client(s, c);
  }
}

/* ---- what is held too long ---- */

/* Of the snapshots that calls still hold, only the two newest may live beside
 * the latest: a client that is further behind is too slow. */
static uint64_t oldest_allowed(const struct pm_clients *s) {
  uint64_t first = 0, second = 0; /* the newest that are held */
  for (const struct pm_client *c = s->list; c; c = c->next)
    for (const struct pm_call *call = c->calls; call; call = call->next) {
      uint64_t n = call->snapshot ? call->snapshot->number : 0;
      if (n > first) {
        second = first;
        first = n;
      } else if (n < first && n > second) {
        second = n;
      }
    }
  return second;
}

static void close_far_behind(struct pm_clients *s) {
  uint64_t oldest = oldest_allowed(s);
  for (struct pm_client *c = s->list; c; c = c->next)
    for (const struct pm_call *call = c->calls; call; call = call->next)
      if (call->snapshot && call->snapshot->number < oldest)
        c->dead = true;
}

/* When the client has become too slow (mono); 0: nothing is due. */
static uint64_t deadline(const struct pm_client *c) {
  uint64_t request = c->request_since
                         ? c->request_since + PM_CLIENT_REQUEST_S * PM_NS_PER_S
                         : 0;
  uint64_t reading = c->blocked_since
                         ? c->blocked_since + PM_CLIENT_BLOCKED_S * PM_NS_PER_S
                         : 0;
  return !request ? reading : !reading || request < reading ? request : reading;
}

static bool is_too_slow(const struct pm_clients *s, const struct pm_client *c) {
  uint64_t at = deadline(c);
  return at && mono(s) >= at;
}

/* ---- time ---- */

static void step_calls(struct pm_call *list, bool published) {
  for (struct pm_call *call = list; call; call = call->next)
    pm_call_step(call, published);
}

static void attend(struct pm_clients *s, struct pm_client *c, bool published) {
  if (is_too_slow(s, c))
    pm_client_send(c, mono(s)); /* epoll reports a small amount of room late */
  if (is_too_slow(s, c))
    c->dead = true;
  step_calls(c->calls, published);
  if (c->dead || !c->calls)
    return;
  write_calls(s, c);
  pm_call_sweep(&c->calls, c);
  take_requests(s, c);
  watch_client(s, c);
}

void pm_clients_sweep(struct pm_clients *s, bool published) {
  if (published)
    close_far_behind(s);
  for (struct pm_client *c = s->list; c; c = c->next)
    attend(s, c, published);
  step_calls(s->detached, published);
  pm_call_sweep(&s->detached, NULL);
  free_dead(s);
}

static void sooner(uint64_t *first, uint64_t at) {
  if (at && (!*first || at < *first))
    *first = at;
}

static void sooner_of_calls(uint64_t *first, const struct pm_call *list) {
  for (const struct pm_call *call = list; call; call = call->next)
    sooner(first, pm_call_next_step(call));
}

uint64_t pm_clients_next(const struct pm_clients *s) {
  uint64_t first = 0;
  for (const struct pm_client *c = s->list; c; c = c->next) {
    sooner_of_calls(&first, c->calls);
    sooner(&first, deadline(c));
  }
  sooner_of_calls(&first, s->detached);
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
  for (struct pm_client *c = s->list; c; c = c->next)
    c->dead = true;
  free_dead(s);
  for (struct pm_call *call = s->detached; call; call = call->next)
    pm_call_drop(call);
  pm_call_sweep(&s->detached, NULL);
  pm_deferred_close_done(&s->deferred);
  pm_json_in_free(s->reader);
  s->reader = NULL;
}
