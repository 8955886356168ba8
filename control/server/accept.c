#include "server/accept.h"

#include "server/reply.h"

#include "base/fd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static uint64_t mono(const struct pm_accept *a) {
  return a->clients->context->now.mono;
}

/* By the uid alone, which costs nothing to know.  Above 65535 it may be one of
 * many of the same user (subuid(5)). */
static pm_peer_user user_of(uint32_t uid) {
  return pm_peer_user_of(uid, uid <= UINT16_MAX, -1);
}

static bool get_uid(int fd, uint32_t *ret) {
  struct ucred cred;
  socklen_t size = sizeof cred;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
    return false;
  *ret = cred.uid;
  return true;
}

static void close_connection(struct pm_accept *a, int fd) {
  uint32_t uid;
  pm_peer_user user = get_uid(fd, &uid) ? user_of(uid) : UINT64_MAX;
  pm_client_close(fd, a->listener.fds_refused, user, &a->clients->deferred);
}

static void log_trouble(struct pm_accept *a, enum pm_accept_trouble which) {
  static const char *const texts[] = {
      [PM_ACCEPT_NO_DESCRIPTORS] =
          "the control socket turns clients away: collectd has no descriptors "
          "left (LimitNOFILE= of its unit)",
      [PM_ACCEPT_UNCLOSED] =
          "the control socket lets nobody in for the moment: too many users "
          "have passed descriptors that do not close (Linux 6.16 can refuse "
          "them)"};
  uint64_t *logged = &a->logged[which];
  if (*logged && mono(a) - *logged < 3600 * PM_NS_PER_S)
    return;
  *logged = mono(a);
  a->clients->context->audit.log(PM_CONTROL_ERROR, texts[which]);
}

/* ---- pausing ---- */

/* New connections that wait in the listener's queue do not wake the loop. */
static void watch_listener(struct pm_accept *a) {
  bool waits = a->paused || a->held_back;
  pm_loop_change(a->clients->loop, &a->watch, waits ? 0 : EPOLLIN);
}

static void pause_accept(struct pm_accept *a) {
  a->paused = true;
  watch_listener(a);
}

static bool needs_maintenance(const struct pm_accept *a) {
  return a->paused || pm_deferred_close_pending(&a->clients->deferred);
}

/* Once a second while something is in the way. */
static void maintain(struct pm_accept *a) {
  struct pm_deferred_closes *deferred = &a->clients->deferred;
  a->maintain_at = mono(a) + PM_NS_PER_S;
  pm_deferred_close_sweep(deferred);
  pm_listen_recover(&a->listener);
  if (!pm_deferred_close_full(deferred))
    a->paused = false;
}

uint64_t pm_accept_next(const struct pm_accept *a) {
  if (!needs_maintenance(a))
    return 0;
  return a->maintain_at ? a->maintain_at : 1;
}

/* ---- accepting ---- */

/* The connection has the last descriptor, and gives it back: the log may need
 * one to open its file, so it comes before the reserve. */
static void reject_last(struct pm_accept *a, int fd) {
  close_connection(a, fd);
  log_trouble(a, PM_ACCEPT_NO_DESCRIPTORS);
  pm_listen_recover(&a->listener);
  pm_share_end(&a->clients->shares, a->away);
}

/* In a time of their own, so that nobody waits long for that; who goes on stays
 * out. */
static void turn_away(struct pm_accept *a, int fd, struct pm_share *share) {
  send(fd, a->words.data, a->words.length, MSG_NOSIGNAL | MSG_DONTWAIT);
  close_connection(a, fd);
  pm_share_cause(share, pm_share_end(&a->clients->shares, a->away));
}

/* The work of letting somebody in is his, whether or not he is. */
static void let_in(struct pm_accept *a, int low, struct pm_share *share) {
  int fd = pm_fd_high(low);
  if (pm_clients_add(a->clients, fd, a->listener.fds_refused, share) < 0) {
    close_connection(a, fd);
    pm_share_end(&a->clients->shares, share);
  }
  share->let_in = true;
}

static void let_in_pending(struct pm_accept *a, enum pm_pending_whose whose) {
  struct pm_share *share;
  int fd;
  pm_share_begin(&a->clients->shares);
  while (!a->paused && pm_pending_next(&a->pending, &a->clients->shares, whose,
                                       &fd, &share)) {
    let_in(a, fd, share);
    pm_share_leave(share);
  }
}

/* Whose time it takes to let him in: who is here already is known, and where a
 * neighbour has used up what belongs to both it is worth looking closer. */
static struct pm_share *share_of(struct pm_accept *a, int fd) {
  struct pm_shares *shares = &a->clients->shares;
  struct pm_peer *peer;
  uint32_t uid;
  if (!get_uid(fd, &uid))
    return NULL;
  bool known = pm_share_find(shares, uid) != NULL;
  struct pm_share *share = pm_share_join(shares, known ? uid : user_of(uid));
  if (!share || known || uid <= UINT16_MAX ||
      pm_share_has_time(shares, share) || pm_peer_new(fd, &peer, NULL) < 0)
    return share;
  pm_share_cause(share, pm_share_end(shares, a->away));
  pm_share_leave(share);
  share = pm_share_join(shares, peer->user);
  pm_peer_unref(peer);
  return share;
}

static void receive(struct pm_accept *a, int fd) {
  struct pm_shares *shares = &a->clients->shares;
  struct pm_share *share = share_of(a, fd);
  if (!share) {
    close_connection(a, fd);
    return;
  }
  share->worked = shares->mono; /* he is remembered */
  if (pm_share_has_time(shares, share))
    let_in(a, fd, share);
  else if (pm_pending_add(&a->pending, fd, share))
    return;
  else
    turn_away(a, fd, share);
  pm_share_leave(share);
}

static bool accept_one(struct pm_accept *a) {
  bool last;
  int fd = pm_listen_accept(&a->listener, &last);
  if (fd == -EAGAIN)
    return false;
  if (fd < 0)
    pause_accept(a);
  else if (last)
    reject_last(a, fd);
  else
    receive(a, fd);
  return fd >= 0;
}

static void on_connection(struct pm_watch *watch, uint32_t events) {
  struct pm_accept *a =
      (struct pm_accept *)((char *)watch - offsetof(struct pm_accept, watch));
  enum { AT_ONCE = 16 };
  (void)events;
  pm_share_begin(&a->clients->shares);
  for (int i = 0; i < AT_ONCE && !a->paused; i++)
    if (!pm_share_may(&a->clients->shares, a->away) || !accept_one(a))
      return;
}

/* ---- a pass ---- */

void pm_accept_begin(struct pm_accept *a) {
  let_in_pending(a, PM_PENDING_NEXT);
}

void pm_accept_sweep(struct pm_accept *a) {
  if (pm_deferred_close_full(&a->clients->deferred) && !a->paused) {
    log_trouble(a, PM_ACCEPT_UNCLOSED);
    pause_accept(a);
  }
  if (mono(a) >= a->maintain_at && needs_maintenance(a))
    maintain(a);
  let_in_pending(a, PM_PENDING_ANY);
  a->held_back = !pm_share_may(&a->clients->shares, a->away);
  watch_listener(a);
}

/* ---- life ---- */

/* Above the users (policy/peer_user.h). */
#define TURNED_AWAY (UINT64_MAX - 1)
enum { TURNED_AWAY_MS = 50 };

static int prepare_words(struct pm_buf *words) {
  struct pm_failure f;
  words->most = 1024;
  struct pm_json_out *json = pm_json_out_new(words);
  if (!json)
    return -ENOMEM;
  pm_fail(&f, PM_CODE_LIMIT_EXCEEDED,
          "this user connects too often: %d ms of CPU time a second are his "
          "while others ask, too; keep a connection, or wait a second",
          PM_SHARE_MS);
  pm_reply_failure(json, NULL, &f);
  int status = pm_json_out_status(json);
  pm_json_out_free(json);
  return status;
}

int pm_accept_open(struct pm_accept *a, struct pm_clients *clients,
                   const struct pm_listener *listener, struct pm_err *err) {
  a->clients = clients;
  a->watch.ready = on_connection;
  a->away = pm_share_join(&clients->shares, TURNED_AWAY);
  if (!a->away || prepare_words(&a->words) < 0)
    return pm_err_set(err, ENOMEM, "prepare for connections");
  a->away->ms = TURNED_AWAY_MS;
  a->away->aside = true;
  int status = pm_loop_add(clients->loop, &a->watch, listener->fd, EPOLLIN);
  if (status < 0)
    return pm_err_set(err, -status, "watch the socket");
  a->listener = *listener;
  return 0;
}

void pm_accept_close(struct pm_accept *a) {
  struct pm_share *share;
  bool last;
  int fd;
  pm_buf_done(&a->words);
  if (a->listener.fd < 0)
    return;
  pm_loop_remove(a->clients->loop, &a->watch);
  pm_listen_unlink(&a->listener);
  while (pm_pending_next(&a->pending, NULL, PM_PENDING_ANY, &fd, &share))
    close_connection(a, fd);
  for (; (fd = pm_listen_accept(&a->listener, &last)) >= 0;)
    close_connection(a, fd);
  pm_listen_close(&a->listener);
}
