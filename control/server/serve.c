#include "server/serve.h"

#include "server/call.h"
#include "server/dispatch.h"
#include "server/reply.h"

#include <sys/epoll.h>

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

void pm_serve_write(struct pm_clients *s, struct pm_client *c) {
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

void pm_serve_watch(struct pm_clients *s, struct pm_client *c) {
  c->held_back = is_read_from(c) && !pm_share_may(&s->shares, c->share);
  pm_loop_change(s->loop, &c->watch, events_of(c));
  time_request(s, c);
  c->dead |= is_over(c);
}

void pm_serve_ready(struct pm_watch *watch, uint32_t events) {
  struct pm_client *c = (struct pm_client *)watch;
  struct pm_clients *s = c->owner;
  pm_client_touch(c);
  c->gone |= (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (c->dead)
    return;
  pm_share_begin(&s->shares);
  read_client(s, c);
  pm_serve_write(s, c);
  pm_serve_watch(s, c);
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
  pm_serve_write(s, c);
  pm_call_sweep(&c->calls, c);
  pm_serve_watch(s, c);
  pm_share_end(&s->shares, c->share);
}

/* Of each user's clients that ask the one that was served first has its turn.
 */
static void choose_turns(struct pm_clients *s) {
  for (struct pm_client *c = s->context->touched.clients; c;
       c = c->next_touched) {
    struct pm_share *share = c->share;
    if (!is_asking(c) || !pm_share_may(&s->shares, share))
      continue;
    if (!share->turn || c->served < share->turn->served)
      share->turn = c;
  }
}

bool pm_serve_turns(struct pm_clients *s) {
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

/* ---- resting ---- */

static bool has_call_due(const struct pm_client *c) {
  for (const struct pm_call *call = c->calls; call; call = call->next)
    if (pm_call_is_due(call))
      return true;
  return false;
}

bool pm_serve_has_more(const struct pm_client *c) {
  return is_asking(c) || has_call_due(c) ||
         (pm_client_has_room(c) && pm_call_next_writer(c));
}
