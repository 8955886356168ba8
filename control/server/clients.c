#include "server/clients.h"

#include "server/call.h"
#include "server/conn_limit.h"
#include "server/dispatch.h"
#include "server/overdue.h"
#include "server/reply.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static uint64_t mono(const struct pm_clients *s) {
  return s->context->now.mono;
}

/* ---- writing ---- */

static void send_output(struct pm_clients *s, struct pm_client *c) {
  pm_client_send(c, mono(s));
  pm_share_end(&s->shares, c->share);
}

static void write_piece(struct pm_clients *s, struct pm_client *c,
                        struct pm_call *call) {
  pm_call_write(c, call);
  if (pm_json_out_status(c->json) < 0)
    c->dead = true; /* after an incomplete message no other can follow */
  if (c->out.length >= PM_CLIENT_FULL)
    pm_client_send(c, mono(s));
  pm_share_end(&s->shares, c->share);
}

/* Lets the client's calls write while it takes their output, and its user has
 * time. */
static void write_calls(struct pm_clients *s, struct pm_client *c) {
  struct pm_call *call;
  while (pm_client_has_room(c) && (call = pm_call_next_writer(c)) &&
         pm_share_may(&s->shares, c->share))
    write_piece(s, c, call);
  if (c->out.length)
    send_output(s, c);
}

/* ---- reading ---- */

static void answer_too_long(struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_NO_REQUEST, "a request has at most 262144 bytes");
  pm_reply_failure(c->json, NULL, &f);
  c->closing = true;
}

/* Could more of its input be used? */
static bool is_read_from(const struct pm_client *c) {
  return !c->dead && !c->eof && !c->closing && !pm_frame_ready(&c->in) &&
         pm_client_has_room(c);
}

static void read_client(struct pm_clients *s, struct pm_client *c) {
  if (!is_read_from(c) || !pm_share_may(&s->shares, c->share))
    return;
  if (pm_client_receive(c) < 0)
    answer_too_long(c);
  pm_share_end(&s->shares, c->share);
}

/* What the loop watches for.  EPOLLHUP is always reported: of one that is gone
 * only once. */
static uint32_t events_of(const struct pm_client *c) {
  uint32_t events = 0;
  if (c->gone)
    return EPOLLET;
  if (is_read_from(c) && !c->held_back)
    events |= EPOLLIN | EPOLLRDHUP;
  if (c->out.length > 0)
    events |= EPOLLOUT;
  return events;
}

static bool is_over(const struct pm_client *c) {
  bool asked_all = c->eof && !pm_frame_ready(&c->in);
  return c->out.length == 0 &&
         (c->closing || (asked_all && (c->gone || !c->calls)));
}

/* The time in which we do not read is not the client's. */
static void time_request(struct pm_clients *s, struct pm_client *c) {
  bool partial = is_read_from(c) && !c->held_back && pm_frame_partial(&c->in);
  c->request_since = !partial           ? 0
                     : c->request_since ? c->request_since
                                        : mono(s);
}

static void watch_client(struct pm_clients *s, struct pm_client *c) {
  c->held_back = is_read_from(c) && !pm_share_may(&s->shares, c->share);
  pm_loop_change(s->loop, &c->watch, events_of(c));
  time_request(s, c);
  c->dead |= is_over(c);
}

static void on_client(struct pm_watch *watch, uint32_t events) {
  struct pm_client *c = (struct pm_client *)watch;
  struct pm_clients *s = c->owner;
  c->gone |= (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (c->dead)
    return;
  pm_share_begin(&s->shares);
  read_client(s, c);
  write_calls(s, c);
  watch_client(s, c);
  pm_share_end(&s->shares, c->share);
}

/* ---- turns ---- */

/* It has a request, and there is room for the answer; or it may have one that
 * was not read. */
static bool is_asking(const struct pm_client *c) {
  if (is_read_from(c))
    return c->held_back || c->gone;
  return !c->closing && pm_frame_ready(&c->in) && pm_client_has_room(c);
}

/* What is only blanks is none. */
static void dispatch_next(struct pm_clients *s, struct pm_client *c) {
  char *text;
  size_t length;
  if (pm_frame_next(&c->in, &text, &length)) {
    c->last_request = mono(s);
    c->request_since = 0; /* of the next one, if there is more */
    pm_dispatch_frame(s->context, s->reader, c, text, length);
  }
  pm_share_end(&s->shares, c->share);
}

static void take_turn(struct pm_clients *s, struct pm_client *c) {
  c->served = ++s->turns;
  pm_share_begin(&s->shares);
  if (is_read_from(c))
    read_client(s, c);
  else
    dispatch_next(s, c);
  write_calls(s, c);
  pm_call_sweep(&c->calls, c);
  watch_client(s, c);
  pm_share_end(&s->shares, c->share);
}

/* Of each user's clients that ask the one that was served first has its turn.
 */
static void choose_turns(struct pm_clients *s) {
  for (struct pm_client *c = s->list; c; c = c->next) {
    struct pm_share *share = c->share;
    if (!is_asking(c) || !pm_share_may(&s->shares, share))
      continue;
    if (!share->turn || c->served < share->turn->served)
      share->turn = c;
  }
}

/* One of each user.  False: nobody asks any more, or has time for it. */
static bool take_turns(struct pm_clients *s) {
  bool more = false;
  choose_turns(s);
  for (struct pm_share *share = s->shares.list; share; share = share->next) {
    struct pm_client *c = share->turn;
    if (!c)
      continue;
    share->turn = NULL;
    take_turn(s, c);
    more = true;
  }
  return more;
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
  return true;
}

/* Takes the reference to the peer.  NULL: no memory. */
static struct pm_client *make_client(struct pm_clients *s, int fd,
                                     bool fds_refused, struct pm_peer *peer) {
  struct pm_share *share = pm_share_join(&s->shares, peer->user);
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
  c->watch.ready = on_client;
  c->dead = pm_loop_add(s->loop, &c->watch, fd, EPOLLIN | EPOLLRDHUP) < 0;
  c->next = s->list;
  s->list = c;
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
  write_calls(s, c);
  watch_client(s, c);
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
  detach_calls(s, c);
  int fd = c->watch.fd;
  pm_loop_remove(s->loop, &c->watch);
  c->watch.fd = fd;
  pm_client_free(c, &s->deferred);
  pm_share_end(&s->shares, share);
  pm_share_leave(share);
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

/* It takes nothing any more, so that only the administrator can be told. */
static void give_up(struct pm_clients *s, struct pm_client *c,
                    const char *why) {
  pm_audit_closed(&s->context->audit, s->context->now, c->peer, why);
  c->dead = true;
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

static void step_detached(struct pm_clients *s, bool published) {
  for (struct pm_call *call = s->detached; call; call = call->next) {
    pm_call_note(call, published);
    if (pm_call_is_due(call))
      pm_call_step(call);
  }
}

static void end_slow_request(struct pm_clients *s, struct pm_client *c) {
  struct pm_failure f;
  pm_fail(&f, PM_CODE_NO_REQUEST, "a request must be complete within %d s",
          PM_CLIENT_REQUEST_S);
  pm_reply_failure(c->json, NULL, &f);
  c->closing = true;
  pm_client_send(c, mono(s));
  watch_client(s, c);
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
  write_calls(s, c);
  pm_call_sweep(&c->calls, c);
  watch_client(s, c);
  pm_share_end(&s->shares, c->share);
}

void pm_clients_begin(struct pm_clients *s) {
  pm_share_pass(&s->shares, mono(s));
}

void pm_clients_sweep(struct pm_clients *s, bool published) {
  if (published)
    close_far_behind(s);
  for (struct pm_client *c = s->list; c; c = c->next)
    attend(s, c, published);
  while (take_turns(s))
    continue;
  step_detached(s, published);
  pm_call_sweep(&s->detached, NULL);
  free_dead(s);
}

static void sooner(uint64_t *first, uint64_t at) {
  if (at && (!*first || at < *first))
    *first = at;
}

/* waits: what does not act is done when its user has time (pm_share_next). */
static void sooner_of_calls(uint64_t *first, const struct pm_call *list,
                            bool waits) {
  for (const struct pm_call *call = list; call; call = call->next)
    if (!waits || call->ops->outlives)
      sooner(first, pm_call_next_step(call));
}

uint64_t pm_clients_next(const struct pm_clients *s) {
  uint64_t first = 0;
  for (const struct pm_client *c = s->list; c; c = c->next) {
    if (c->dead)
      return 1; /* since the last sweep */
    sooner_of_calls(&first, c->calls, c->share->waits);
    sooner(&first, pm_overdue_reading(c));
    sooner(&first, pm_overdue_request(c));
  }
  sooner_of_calls(&first, s->detached, false);
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
  for (struct pm_client *c = s->list; c; c = c->next)
    c->dead = true;
  free_dead(s);
  pm_share_done(&s->shares);
  for (struct pm_call *call = s->detached; call; call = call->next)
    pm_call_drop(call);
  pm_call_sweep(&s->detached, NULL);
  pm_deferred_close_done(&s->deferred);
  pm_json_in_free(s->reader);
  s->reader = NULL;
}
