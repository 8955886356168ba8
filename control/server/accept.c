#include "server/accept.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static uint64_t mono(const struct pm_accept *a) {
  return a->clients->context->now.mono;
}

/* Of one that is not let in. */
static pm_peer_user user_of(int fd) {
  struct ucred cred;
  socklen_t size = sizeof cred;
  bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0;
  return known ? pm_peer_user_of(cred.uid, false, -1) : UINT64_MAX;
}

static void close_connection(struct pm_accept *a, int fd) {
  pm_client_close(fd, a->listener.fds_refused, user_of(fd),
                  &a->clients->deferred);
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

/* New connections wait in the listener's queue and do not wake the loop. */
static void pause_accept(struct pm_accept *a) {
  a->paused = true;
  pm_loop_change(a->clients->loop, &a->watch, 0);
}

static void resume_accept(struct pm_accept *a) {
  a->paused = false;
  pm_loop_change(a->clients->loop, &a->watch, EPOLLIN);
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
  if (a->paused && !pm_deferred_close_full(deferred))
    resume_accept(a);
}

void pm_accept_sweep(struct pm_accept *a) {
  if (pm_deferred_close_full(&a->clients->deferred) && !a->paused) {
    log_trouble(a, PM_ACCEPT_UNCLOSED);
    pause_accept(a);
  }
  if (mono(a) >= a->maintain_at && needs_maintenance(a))
    maintain(a);
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
}

static void on_connection(struct pm_watch *watch, uint32_t events) {
  struct pm_accept *a =
      (struct pm_accept *)((char *)watch - offsetof(struct pm_accept, watch));
  enum { AT_ONCE = 64 };
  (void)events;
  for (int i = 0; i < AT_ONCE && !a->paused; i++) {
    bool last;
    int fd = pm_listen_accept(&a->listener, &last);
    if (fd == -EAGAIN)
      return;
    if (fd < 0)
      pause_accept(a);
    else if (last)
      reject_last(a, fd);
    else if (pm_clients_add(a->clients, fd, a->listener.fds_refused) < 0)
      close_connection(a, fd);
  }
}

/* ---- life ---- */

int pm_accept_open(struct pm_accept *a, struct pm_clients *clients,
                   const struct pm_listener *listener, struct pm_err *err) {
  a->clients = clients;
  a->watch.ready = on_connection;
  int status = pm_loop_add(clients->loop, &a->watch, listener->fd, EPOLLIN);
  if (status < 0)
    return pm_err_set(err, -status, "watch the socket");
  a->listener = *listener;
  return 0;
}

void pm_accept_close(struct pm_accept *a) {
  bool last;
  if (a->listener.fd < 0)
    return;
  pm_loop_remove(a->clients->loop, &a->watch);
  pm_listen_unlink(&a->listener);
  for (int fd; (fd = pm_listen_accept(&a->listener, &last)) >= 0;)
    close_connection(a, fd);
  pm_listen_close(&a->listener);
}
