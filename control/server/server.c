#include "server/server.h"

#include "base/fd.h"
#include "server/client.h"
#include "server/conn_limit.h"
#include "server/context.h"
#include "server/dispatch.h"
#include "server/method.h"
#include "server/reply.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

/* Why somebody is not let in. */
enum trouble { NO_DESCRIPTORS, MANY_DROPS, TROUBLES };

struct pm_server {
  struct pm_context context;
  struct pm_loop *loop; /* (borrowed) */
  struct pm_listener listener;
  struct pm_watch door, feed;
  struct pm_client *clients;
  struct pm_call *orphans; /* calls that go on without their client */
  struct pm_json_in *reader;
  unsigned most; /* clients, as the descriptors allow */
  atomic_uint count;
  struct pm_deferred_closes drops;
  uint64_t said[TROUBLES]; /* mono; 0 = never */
  uint64_t tend;           /* mono: when to look after drops and the door */
  bool shut;               /* nobody is let in for the moment */
  bool published;          /* a turn, in this pass */
};

/* ---- speaking ---- */

/* Lets everybody speak who wants to, while the client takes it; in turns with
 * other clients: a fast reader of a long list does not hold the thread. */
static void pump(struct pm_server *s, struct pm_client *c) {
  enum { ROUNDS = 32 };
  for (int i = 0; i < ROUNDS && pm_client_has_room(c); i++) {
    struct pm_call *call = pm_call_next(c);
    if (!call)
      break;
    pm_call_write(c, call);
    if (pm_json_out_status(c->json) < 0)
      c->dead = true; /* a message that cannot be finished cannot be followed */
    if (c->out.length >= PM_CLIENT_FULL)
      pm_client_send(c, s->context.now.mono);
  }
  pm_client_send(c, s->context.now.mono);
}

/* ---- requests ---- */

/* As long as there is room for what answers them. */
static void take_frames(struct pm_server *s, struct pm_client *c) {
  char *text;
  size_t length;
  while (pm_client_has_room(c) && !c->leaving &&
         pm_frame_next(&c->in, &text, &length)) {
    c->used = s->context.now.mono;
    c->began = 0; /* of the next one, if there is more */
    pm_dispatch_frame(&s->context, s->reader, c, text, length);
    pump(s, c);
    pm_call_sweep(&c->calls, c);
  }
}

/* ---- clients ---- */

static void plan(struct pm_server *s, struct pm_client *c) {
  bool full = c->out.length >= PM_CLIENT_FULL;
  uint32_t events = 0; /* EPOLLHUP comes in any case */
  if (!c->ended && !full && !c->leaving)
    events |= EPOLLIN | EPOLLRDHUP;
  bool mid = c->calls && pm_call_next(c);
  if (c->out.length > 0 || mid)
    events |= EPOLLOUT;
  pm_loop_change(s->loop, &c->watch, events);
  bool partial = !full && !c->ended && pm_frame_partial(&c->in);
  c->began = !partial ? 0 : c->began ? c->began : s->context.now.mono;
  if ((c->ended || c->leaving) && c->out.length == 0 &&
      (c->leaving || !c->calls))
    c->dead = true;
}

static void on_client(struct pm_watch *watch, uint32_t events) {
  struct pm_client *c = (struct pm_client *)watch;
  struct pm_server *s = c->owner;
  if (!c->dead && events & (EPOLLIN | EPOLLRDHUP) && !c->ended && !c->leaving &&
      pm_client_has_room(c) && pm_client_receive(c) < 0) {
    struct pm_failure f;
    pm_fail(&f, PM_CODE_NO_REQUEST, "a request has at most 262144 bytes");
    pm_reply_failure(c->json, NULL, &f);
    c->leaving = true;
  }
  if (!c->dead) {
    pump(s, c);
    take_frames(s, c);
    plan(s, c);
  }
  /* nobody is there to hear; what was asked before is under way */
  if (events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN)))
    c->dead = true;
}

/* The client is gone: its calls end, or go on without it. */
static void part(struct pm_server *s, struct pm_client *c) {
  while (c->calls) {
    struct pm_call *call = c->calls;
    c->calls = call->next;
    call->client = NULL;
    if (call->ops->outlives && !call->over && !call->failure.code) {
      call->next = s->orphans;
      s->orphans = call;
      continue;
    }
    pm_call_free(call);
  }
}

static void drop(struct pm_server *s, struct pm_client *c) {
  part(s, c);
  int fd = c->watch.fd;
  pm_loop_remove(s->loop, &c->watch);
  c->watch.fd = fd;
  pm_client_free(c, &s->drops);
  atomic_fetch_sub_explicit(&s->count, 1, memory_order_relaxed);
}

static void clients_sweep(struct pm_server *s) {
  for (struct pm_client **at = &s->clients; *at;) {
    struct pm_client *c = *at;
    if (!c->dead) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    drop(s, c);
  }
}

/* ---- the door ---- */

static void reject(struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_LIMIT_EXCEEDED,
          "too many connections (%d, %d a user) and none of them is idle",
          PM_CONN_LIMIT_ALL, PM_CONN_LIMIT_USER);
  pm_reply_failure(c->json, NULL, &f);
  c->leaving = true;
}

static int add_client(struct pm_server *s, int fd) {
  struct pm_peer *peer;
  int status = pm_peer_new(fd, &peer, NULL);
  if (status < 0)
    return status;
  bool place = pm_conn_limit_admit(s->clients, s->most, peer->uid);
  struct pm_client *c = pm_client_new(fd, s->listener.sealed, peer);
  if (!c) {
    pm_peer_unref(peer);
    return -ENOMEM;
  }
  c->owner = s;
  c->used = s->context.now.mono;
  c->watch.ready = on_client;
  status = pm_loop_add(s->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP);
  c->next = s->clients;
  s->clients = c;
  atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
  if (!place)
    reject(c);
  c->dead = status < 0;
  pump(s, c);
  plan(s, c);
  return 0;
}

/* Each is said once an hour: the administrator can do something. */
static void tell(struct pm_server *s, enum trouble which) {
  static const char *const texts[] = {
      [NO_DESCRIPTORS] = "the control socket turns clients away: collectd has "
                         "no descriptors left (LimitNOFILE= of its unit)",
      [MANY_DROPS] = "the control socket lets nobody in for the moment: too "
                     "many clients have passed descriptors that do not close "
                     "(Linux 6.16 can refuse them)"};
  uint64_t *said = &s->said[which], mono = s->context.now.mono;
  if (*said && mono - *said < 3600 * PM_NS_PER_S)
    return;
  *said = mono;
  s->context.audit.log(PM_CONTROL_ERROR, texts[which]);
}

/* Who comes waits in the queue of the listener, and does not wake us. */
static void pause_accept(struct pm_server *s) {
  s->shut = true;
  pm_loop_change(s->loop, &s->door, 0);
}

/* Once a second, while there is something to look after. */
static void maintain_accept(struct pm_server *s) {
  if (pm_deferred_close_full(&s->drops) && !s->shut) {
    tell(s, MANY_DROPS);
    pause_accept(s);
  }
  if (s->context.now.mono < s->tend ||
      !(s->shut || pm_deferred_close_pending(&s->drops)))
    return;
  s->tend = s->context.now.mono + PM_NS_PER_S;
  pm_deferred_close_sweep(&s->drops);
  pm_listen_recover(&s->listener);
  if (!s->shut || pm_deferred_close_full(&s->drops))
    return;
  s->shut = false;
  pm_loop_change(s->loop, &s->door, EPOLLIN);
}

/* It has the last descriptor, and gives it back.  The log may need that one to
 * open its file, so it comes before the reserve. */
static void reject_last(struct pm_server *s, int fd) {
  pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  tell(s, NO_DESCRIPTORS);
  pm_listen_recover(&s->listener);
}

static void on_connection(struct pm_watch *watch, uint32_t events) {
  struct pm_server *s =
      (struct pm_server *)((char *)watch - offsetof(struct pm_server, door));
  enum { AT_ONCE = 64 };
  (void)events;
  for (int i = 0; i < AT_ONCE && !s->shut; i++) {
    bool last;
    int fd = pm_listen_accept(&s->listener, &last);
    if (fd == -EAGAIN)
      return;
    if (fd < 0)
      pause_accept(s);
    else if (last)
      reject_last(s, fd);
    else if (add_client(s, fd) < 0)
      pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  }
}

/* ---- time ---- */

static void on_feed(struct pm_watch *watch, uint32_t events) {
  struct pm_server *s =
      (struct pm_server *)((char *)watch - offsetof(struct pm_server, feed));
  uint64_t unused;
  (void)events;
  if (read(watch->fd, &unused, sizeof unused) < 0)
    return;
  s->published = true;
  pm_host_stats_keep_base(&s->context.machine, s->context.now);
}

static void step_calls(struct pm_server *s, struct pm_call *list) {
  for (struct pm_call *call = list; call; call = call->next) {
    bool due = call->wake && call->wake <= s->context.now.mono;
    if (call->over || call->failure.code || !call->ops->step ||
        !(due || call->poked || (call->turns && s->published)))
      continue;
    if (due)
      call->wake = 0;
    call->poked = false;
    call->ops->step(call);
  }
}

/* Of the snapshots that calls still hold, the two newest may live beside the
 * latest: who is further behind is too slow for his list. */
static uint64_t oldest_allowed(const struct pm_server *s) {
  uint64_t first = 0, second = 0; /* the newest that are held */
  for (const struct pm_client *c = s->clients; c; c = c->next)
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

static void part_with_old_snapshots(struct pm_server *s) {
  uint64_t oldest = oldest_allowed(s);
  for (struct pm_client *c = s->clients; c; c = c->next)
    for (const struct pm_call *call = c->calls; call; call = call->next)
      if (call->snapshot && call->snapshot->number < oldest)
        c->dead = true;
}

static bool too_slow(const struct pm_client *c, uint64_t mono) {
  return (c->began && mono - c->began >= PM_CLIENT_REQUEST_S * PM_NS_PER_S) ||
         (c->stuck && mono - c->stuck >= PM_CLIENT_BLOCKED_S * PM_NS_PER_S);
}

static void attend(struct pm_server *s, struct pm_client *c) {
  if (too_slow(c, s->context.now.mono))
    pm_client_send(c,
                   s->context.now.mono); /* epoll tells late of little room */
  if (too_slow(c, s->context.now.mono))
    c->dead = true;
  step_calls(s, c->calls);
  if (c->dead || !c->calls)
    return;
  pump(s, c);
  pm_call_sweep(&c->calls, c);
  take_frames(s, c);
  plan(s, c);
}

void pm_server_begin(struct pm_server *s, struct pm_now now) {
  s->context.now = now;
}

void pm_server_sweep(struct pm_server *s) {
  if (s->published)
    part_with_old_snapshots(s);
  for (struct pm_client *c = s->clients; c; c = c->next)
    attend(s, c);
  step_calls(s, s->orphans);
  for (struct pm_call *call = s->orphans; call; call = call->next)
    call->over |= call->ready || call->failure.code; /* nobody listens */
  pm_call_sweep(&s->orphans, NULL);
  clients_sweep(s);
  maintain_accept(s);
  pm_action_sweep(&s->context.helpers, s->context.now);
  pm_audit_sweep(&s->context.audit, s->context.now);
  s->published = false;
}

static void sooner(uint64_t *first, uint64_t at) {
  if (at && (!*first || at < *first))
    *first = at;
}

static void sooner_of_calls(uint64_t *first, const struct pm_call *list) {
  for (const struct pm_call *call = list; call; call = call->next)
    sooner(first, call->poked ? 1 : call->wake);
}

uint64_t pm_server_next(const struct pm_server *s) {
  uint64_t first = pm_action_next(&s->context.helpers);
  sooner(&first, pm_audit_next(&s->context.audit));
  for (const struct pm_client *c = s->clients; c; c = c->next) {
    sooner_of_calls(&first, c->calls);
    if (c->began)
      sooner(&first, c->began + PM_CLIENT_REQUEST_S * PM_NS_PER_S);
    if (c->stuck)
      sooner(&first, c->stuck + PM_CLIENT_BLOCKED_S * PM_NS_PER_S);
  }
  sooner_of_calls(&first, s->orphans);
  if (s->shut || pm_deferred_close_pending(&s->drops))
    sooner(&first, s->tend ? s->tend : 1);
  return first;
}

unsigned pm_server_clients(const struct pm_server *s) {
  return atomic_load_explicit(&((struct pm_server *)(uintptr_t)s)->count,
                              memory_order_relaxed);
}

/* ---- life ---- */

/* Half of what the daemon may have open is the most that is ours. */
static unsigned clients_allowed(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return PM_CONN_LIMIT_ALL / 4;
  rlim_t share = limit.rlim_cur / 4; /* a client has two: itself, its pidfd */
  if (share < 2 * PM_CONN_LIMIT_ROOT)
    share = 2 * PM_CONN_LIMIT_ROOT;
  return share > PM_CONN_LIMIT_ALL ? PM_CONN_LIMIT_ALL : (unsigned)share;
}

static int open_context(struct pm_server *s,
                        const struct pm_environment *environment,
                        struct pm_err *err) {
  struct pm_context *o = &s->context;
  o->environment = environment;
  o->becomes = pm_context_can_become();
  int status = pm_root_open(&o->root, environment->proc_path,
                            environment->sys_path, err);
  if (status < 0)
    return status;
  pm_host_stats_init(&o->machine, &o->root);
  o->see.root = &o->root;
  o->audit.log = environment->log;
  o->audit.buckets = &o->buckets;
  o->helpers = (struct pm_actions){.path = environment->helper,
                                   .proc_path = environment->proc_path,
                                   .loop = s->loop};
  return 0;
}

static int watch(struct pm_server *s, struct pm_watch *w, int fd,
                 void (*ready)(struct pm_watch *, uint32_t),
                 struct pm_err *err) {
  w->ready = ready;
  int status = pm_loop_add(s->loop, w, fd, EPOLLIN);
  return status < 0 ? pm_err_set(err, -status, "watch a descriptor") : 0;
}

int pm_server_new(const struct pm_environment *environment,
                  struct pm_loop *loop, const struct pm_listener *listener,
                  struct pm_server **ret, struct pm_err *err) {
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  struct pm_server *s = calloc(1, sizeof *s);
  if (!s)
    return pm_err_set(err, ENOMEM, "make the server");
  s->loop = loop;
  s->listener = (struct pm_listener)PM_LISTENER_INIT;
  s->context.root = (struct pm_root)PM_ROOT_INIT;
  s->door.fd = s->feed.fd = -1;
  s->most = clients_allowed();
  s->drops.path = environment->helper;
  s->reader = pm_json_in_new(&limits);
  int status = s->reader ? open_context(s, environment, err)
                         : pm_err_set(err, ENOMEM, "make the JSON reader");
  if (status == 0)
    status = watch(s, &s->door, listener->fd, on_connection, err);
  if (status == 0)
    status =
        watch(s, &s->feed, pm_exchange_fd(environment->feed), on_feed, err);
  if (status < 0) {
    pm_server_free(s);
    return status;
  }
  s->listener = *listener;
  *ret = s;
  return 0;
}

/* Those who connected and were never accepted are hung up on with care, too. */
static void close_door(struct pm_server *s) {
  bool last;
  pm_loop_remove(s->loop, &s->door);
  if (s->listener.fd < 0)
    return;
  pm_listen_unlink(&s->listener);
  for (int fd; (fd = pm_listen_accept(&s->listener, &last)) >= 0;)
    pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  pm_listen_close(&s->listener);
}

void pm_server_free(struct pm_server *s) {
  if (!s)
    return;
  close_door(s);
  pm_loop_remove(s->loop, &s->feed);
  for (struct pm_client *c = s->clients; c; c = c->next)
    c->dead = true;
  clients_sweep(s);
  for (struct pm_call *call = s->orphans; call; call = call->next)
    call->over = true;
  pm_call_sweep(&s->orphans, NULL);
  pm_action_done(&s->context.helpers);
  pm_deferred_close_done(&s->drops);
  pm_host_stats_done(&s->context.machine);
  pm_visibility_done(&s->context.see);
  pm_root_close(&s->context.root);
  pm_json_in_free(s->reader);
  free(s);
}
