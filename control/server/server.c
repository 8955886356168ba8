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

struct pm_serve {
  struct pm_office office;
  struct pm_loop *loop; /* (borrowed) */
  struct pm_listener listener;
  struct pm_watch door, feed;
  struct pm_client *clients;
  struct pm_call *orphans; /* calls that go on without their client */
  struct pm_json_in *reader;
  unsigned most; /* clients, as the descriptors allow */
  atomic_uint count;
  struct pm_drops drops;
  uint64_t said[TROUBLES]; /* mono; 0 = never */
  uint64_t tend;           /* mono: when to look after drops and the door */
  bool shut;               /* nobody is let in for the moment */
  bool published;          /* a turn, in this pass */
};

/* ---- speaking ---- */

/* Lets everybody speak who wants to, while the client takes it; in turns with
 * other clients: a fast reader of a long list does not hold the thread. */
static void pump(struct pm_serve *s, struct pm_client *c) {
  enum { ROUNDS = 32 };
  for (int i = 0; i < ROUNDS && pm_client_has_room(c); i++) {
    struct pm_call *call = pm_call_next(c);
    if (!call)
      break;
    pm_call_speak(c, call);
    if (pm_json_out_status(c->json) < 0)
      c->dead = true; /* a message that cannot be finished cannot be followed */
    if (c->out.length >= PM_CLIENT_FULL)
      pm_client_send(c, s->office.now.mono);
  }
  pm_client_send(c, s->office.now.mono);
}

/* ---- requests ---- */

/* As long as there is room for what answers them. */
static void take_frames(struct pm_serve *s, struct pm_client *c) {
  char *text;
  size_t length;
  while (pm_client_has_room(c) && !c->leaving &&
         pm_frame_next(&c->in, &text, &length)) {
    c->used = s->office.now.mono;
    c->began = 0; /* of the next one, if there is more */
    pm_intake_frame(&s->office, s->reader, c, text, length);
    pump(s, c);
    pm_call_sweep(&c->calls, c);
  }
}

/* ---- clients ---- */

static void plan(struct pm_serve *s, struct pm_client *c) {
  bool full = c->out.length >= PM_CLIENT_FULL;
  uint32_t events = 0; /* EPOLLHUP comes in any case */
  if (!c->ended && !full && !c->leaving)
    events |= EPOLLIN | EPOLLRDHUP;
  bool mid = c->calls && pm_call_next(c);
  if (c->out.length > 0 || mid)
    events |= EPOLLOUT;
  pm_loop_change(s->loop, &c->watch, events);
  bool partial = !full && !c->ended && pm_frame_partial(&c->in);
  c->began = !partial ? 0 : c->began ? c->began : s->office.now.mono;
  if ((c->ended || c->leaving) && c->out.length == 0 &&
      (c->leaving || !c->calls))
    c->dead = true;
}

static void on_client(struct pm_watch *watch, uint32_t events) {
  struct pm_client *c = (struct pm_client *)watch;
  struct pm_serve *s = c->owner;
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
static void part(struct pm_serve *s, struct pm_client *c) {
  while (c->calls) {
    struct pm_call *call = c->calls;
    c->calls = call->next;
    call->client = NULL;
    if (call->verb->outlives && !call->over && !call->failure.code) {
      call->next = s->orphans;
      s->orphans = call;
      continue;
    }
    pm_call_free(call);
  }
}

static void drop(struct pm_serve *s, struct pm_client *c) {
  part(s, c);
  int fd = c->watch.fd;
  pm_loop_remove(s->loop, &c->watch);
  c->watch.fd = fd;
  pm_client_free(c, &s->drops);
  atomic_fetch_sub_explicit(&s->count, 1, memory_order_relaxed);
}

static void clients_sweep(struct pm_serve *s) {
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

static void turn_away(struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_LIMIT_EXCEEDED,
          "too many connections (%d, %d a user) and none of them is idle",
          PM_DOOR_CLIENTS, PM_DOOR_USER);
  pm_reply_failure(c->json, NULL, &f);
  c->leaving = true;
}

static int let_in(struct pm_serve *s, int fd) {
  struct pm_peer *peer;
  int status = pm_peer_new(fd, &peer, NULL);
  if (status < 0)
    return status;
  bool place = pm_door_place(s->clients, s->most, peer->uid);
  struct pm_client *c = pm_client_new(fd, s->listener.sealed, peer);
  if (!c) {
    pm_peer_unref(peer);
    return -ENOMEM;
  }
  c->owner = s;
  c->used = s->office.now.mono;
  c->watch.ready = on_client;
  status = pm_loop_add(s->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP);
  c->next = s->clients;
  s->clients = c;
  atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
  if (!place)
    turn_away(c);
  c->dead = status < 0;
  pump(s, c);
  plan(s, c);
  return 0;
}

/* Each is said once an hour: the administrator can do something. */
static void tell(struct pm_serve *s, enum trouble which) {
  static const char *const texts[] = {
      [NO_DESCRIPTORS] = "the control socket turns clients away: collectd has "
                         "no descriptors left (LimitNOFILE= of its unit)",
      [MANY_DROPS] = "the control socket lets nobody in for the moment: too "
                     "many clients have passed descriptors that do not close "
                     "(Linux 6.16 can refuse them)"};
  uint64_t *said = &s->said[which], mono = s->office.now.mono;
  if (*said && mono - *said < 3600 * PM_NS_PER_S)
    return;
  *said = mono;
  s->office.audit.log(PM_CONTROL_ERROR, texts[which]);
}

/* Who comes waits in the queue of the listener, and does not wake us. */
static void shut_door(struct pm_serve *s) {
  s->shut = true;
  pm_loop_change(s->loop, &s->door, 0);
}

/* Once a second, while there is something to look after. */
static void tend_door(struct pm_serve *s) {
  if (pm_drops_full(&s->drops) && !s->shut) {
    tell(s, MANY_DROPS);
    shut_door(s);
  }
  if (s->office.now.mono < s->tend || !(s->shut || pm_drops_any(&s->drops)))
    return;
  s->tend = s->office.now.mono + PM_NS_PER_S;
  pm_drops_sweep(&s->drops);
  pm_listen_recover(&s->listener);
  if (!s->shut || pm_drops_full(&s->drops))
    return;
  s->shut = false;
  pm_loop_change(s->loop, &s->door, EPOLLIN);
}

/* It has the last descriptor, and gives it back.  The log may need that one to
 * open its file, so it comes before the reserve. */
static void send_away(struct pm_serve *s, int fd) {
  pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  tell(s, NO_DESCRIPTORS);
  pm_listen_recover(&s->listener);
}

static void on_door(struct pm_watch *watch, uint32_t events) {
  struct pm_serve *s =
      (struct pm_serve *)((char *)watch - offsetof(struct pm_serve, door));
  enum { AT_ONCE = 64 };
  (void)events;
  for (int i = 0; i < AT_ONCE && !s->shut; i++) {
    bool last;
    int fd = pm_listen_accept(&s->listener, &last);
    if (fd == -EAGAIN)
      return;
    if (fd < 0)
      shut_door(s);
    else if (last)
      send_away(s, fd);
    else if (let_in(s, fd) < 0)
      pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  }
}

/* ---- time ---- */

static void on_feed(struct pm_watch *watch, uint32_t events) {
  struct pm_serve *s =
      (struct pm_serve *)((char *)watch - offsetof(struct pm_serve, feed));
  uint64_t unused;
  (void)events;
  if (read(watch->fd, &unused, sizeof unused) < 0)
    return;
  s->published = true;
  pm_machine_mark(&s->office.machine, s->office.now);
}

static void step_calls(struct pm_serve *s, struct pm_call *list) {
  for (struct pm_call *call = list; call; call = call->next) {
    bool due = call->wake && call->wake <= s->office.now.mono;
    if (call->over || call->failure.code || !call->verb->step ||
        !(due || call->poked || (call->turns && s->published)))
      continue;
    if (due)
      call->wake = 0;
    call->poked = false;
    call->verb->step(call);
  }
}

/* Of the snapshots that calls still hold, the two newest may live beside the
 * latest: who is further behind is too slow for his list. */
static uint64_t oldest_allowed(const struct pm_serve *s) {
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

static void part_with_old_snapshots(struct pm_serve *s) {
  uint64_t oldest = oldest_allowed(s);
  for (struct pm_client *c = s->clients; c; c = c->next)
    for (const struct pm_call *call = c->calls; call; call = call->next)
      if (call->snapshot && call->snapshot->number < oldest)
        c->dead = true;
}

static bool too_slow(const struct pm_client *c, uint64_t mono) {
  return (c->began && mono - c->began >= PM_CLIENT_REQUEST_S * PM_NS_PER_S) ||
         (c->stuck && mono - c->stuck >= PM_CLIENT_STUCK_S * PM_NS_PER_S);
}

static void attend(struct pm_serve *s, struct pm_client *c) {
  if (too_slow(c, s->office.now.mono))
    pm_client_send(c, s->office.now.mono); /* epoll tells late of little room */
  if (too_slow(c, s->office.now.mono))
    c->dead = true;
  step_calls(s, c->calls);
  if (c->dead || !c->calls)
    return;
  pump(s, c);
  pm_call_sweep(&c->calls, c);
  take_frames(s, c);
  plan(s, c);
}

void pm_serve_begin(struct pm_serve *s, struct pm_now now) {
  s->office.now = now;
}

void pm_serve_sweep(struct pm_serve *s) {
  if (s->published)
    part_with_old_snapshots(s);
  for (struct pm_client *c = s->clients; c; c = c->next)
    attend(s, c);
  step_calls(s, s->orphans);
  for (struct pm_call *call = s->orphans; call; call = call->next)
    call->over |= call->ready || call->failure.code; /* nobody listens */
  pm_call_sweep(&s->orphans, NULL);
  clients_sweep(s);
  tend_door(s);
  pm_helper_sweep(&s->office.helpers, s->office.now);
  pm_audit_sweep(&s->office.audit, s->office.now);
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

uint64_t pm_serve_next(const struct pm_serve *s) {
  uint64_t first = pm_helper_next(&s->office.helpers);
  sooner(&first, pm_audit_next(&s->office.audit));
  for (const struct pm_client *c = s->clients; c; c = c->next) {
    sooner_of_calls(&first, c->calls);
    if (c->began)
      sooner(&first, c->began + PM_CLIENT_REQUEST_S * PM_NS_PER_S);
    if (c->stuck)
      sooner(&first, c->stuck + PM_CLIENT_STUCK_S * PM_NS_PER_S);
  }
  sooner_of_calls(&first, s->orphans);
  if (s->shut || pm_drops_any(&s->drops))
    sooner(&first, s->tend ? s->tend : 1);
  return first;
}

unsigned pm_serve_clients(const struct pm_serve *s) {
  return atomic_load_explicit(&((struct pm_serve *)(uintptr_t)s)->count,
                              memory_order_relaxed);
}

/* ---- life ---- */

/* Half of what the daemon may have open is the most that is ours. */
static unsigned clients_allowed(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return PM_DOOR_CLIENTS / 4;
  rlim_t share = limit.rlim_cur / 4; /* a client has two: itself, its pidfd */
  if (share < 2 * PM_DOOR_ROOT)
    share = 2 * PM_DOOR_ROOT;
  return share > PM_DOOR_CLIENTS ? PM_DOOR_CLIENTS : (unsigned)share;
}

static int open_office(struct pm_serve *s, const struct pm_control_world *world,
                       struct pm_err *err) {
  struct pm_office *o = &s->office;
  o->world = world;
  o->becomes = pm_office_can_become();
  int status = pm_root_open(&o->root, world->proc_path, world->sys_path, err);
  if (status < 0)
    return status;
  pm_machine_init(&o->machine, &o->root);
  o->see.root = &o->root;
  o->audit.log = world->log;
  o->audit.buckets = &o->buckets;
  o->helpers = (struct pm_helpers){
      .path = world->helper, .proc_path = world->proc_path, .loop = s->loop};
  return 0;
}

static int watch(struct pm_serve *s, struct pm_watch *w, int fd,
                 void (*ready)(struct pm_watch *, uint32_t),
                 struct pm_err *err) {
  w->ready = ready;
  int status = pm_loop_add(s->loop, w, fd, EPOLLIN);
  return status < 0 ? pm_err_set(err, -status, "watch a descriptor") : 0;
}

int pm_serve_new(const struct pm_control_world *world, struct pm_loop *loop,
                 const struct pm_listener *listener, struct pm_serve **ret,
                 struct pm_err *err) {
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  struct pm_serve *s = calloc(1, sizeof *s);
  if (!s)
    return pm_err_set(err, ENOMEM, "make the server");
  s->loop = loop;
  s->listener = (struct pm_listener)PM_LISTENER_INIT;
  s->office.root = (struct pm_root)PM_ROOT_INIT;
  s->door.fd = s->feed.fd = -1;
  s->most = clients_allowed();
  s->drops.path = world->helper;
  s->reader = pm_json_in_new(&limits);
  int status = s->reader ? open_office(s, world, err)
                         : pm_err_set(err, ENOMEM, "make the JSON reader");
  if (status == 0)
    status = watch(s, &s->door, listener->fd, on_door, err);
  if (status == 0)
    status = watch(s, &s->feed, pm_feed_fd(world->feed), on_feed, err);
  if (status < 0) {
    pm_serve_free(s);
    return status;
  }
  s->listener = *listener;
  *ret = s;
  return 0;
}

/* Those who connected and were never accepted are hung up on with care, too. */
static void close_door(struct pm_serve *s) {
  bool last;
  pm_loop_remove(s->loop, &s->door);
  if (s->listener.fd < 0)
    return;
  pm_listen_unlink(&s->listener);
  for (int fd; (fd = pm_listen_accept(&s->listener, &last)) >= 0;)
    pm_client_hang_up(fd, s->listener.sealed, &s->drops);
  pm_listen_close(&s->listener);
}

void pm_serve_free(struct pm_serve *s) {
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
  pm_helper_done(&s->office.helpers);
  pm_drops_done(&s->drops);
  pm_machine_done(&s->office.machine);
  pm_see_done(&s->office.see);
  pm_root_close(&s->office.root);
  pm_json_in_free(s->reader);
  free(s);
}
