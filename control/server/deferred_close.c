#include "server/deferred_close.h"

#include "base/fd.h"
#include "base/pass.h"
#include "base/pidfd.h"
#include "base/spawn.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

/* Without a pidfd nobody would know when it has ended. -errno. */
static int start(const struct pm_deferred_closes *d, pm_peer_user user,
                 struct pm_deferred_helper *ret) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "drop", NULL};
  int ends[2];
  pid_t pid;
  int status = pm_spawn_pair(ends);
  if (status < 0)
    return status;
  status = pm_spawn(d->path, argv, ends[1], &pid);
  close(ends[1]);
  int pidfd = status < 0 ? -1 : pm_pidfd_open(pid);
  if (pidfd < 0) {
    close(ends[0]); /* by which it ends */
    return status < 0 ? status : -ESRCH;
  }
  *ret = (struct pm_deferred_helper){user, ends[0], pm_fd_high(pidfd)};
  return 0;
}

static void end(struct pm_deferred_closes *d, struct pm_deferred_helper *h) {
  close(h->socket);
  pm_pidfd_reap(h->pidfd);
  close(h->pidfd);
  *h = d->helper[--d->busy];
}

/* It ends when it has let go what it has. */
static void retire(struct pm_deferred_closes *d, struct pm_deferred_helper *h) {
  close(h->socket);
  d->retired[d->retired_count++] = h->pidfd;
  *h = d->helper[--d->busy];
}

static struct pm_deferred_helper *find(struct pm_deferred_closes *d,
                                       pm_peer_user user) {
  for (unsigned i = 0; i < d->busy; i++)
    if (d->helper[i].user == user)
      return &d->helper[i];
  return NULL;
}

static struct pm_deferred_helper *helper_of(struct pm_deferred_closes *d,
                                            pm_peer_user user) {
  struct pm_deferred_helper *h = find(d, user);
  if (h || d->failed || d->busy == PM_DEFERRED_HELPERS)
    return h;
  d->failed = start(d, user, &d->helper[d->busy]) < 0;
  return d->failed ? NULL : &d->helper[d->busy++];
}

/* It is in the message from then on, so that our close is not the last. */
static int send_fd(int socket, int fd) {
  struct pm_pass fds = {{fd}, 1};
  int status = pm_pass_send(socket, "x", 1, &fds);
  if (status < 0)
    return status;
  close(fd);
  return 0;
}

static bool hand_over(struct pm_deferred_closes *d, pm_peer_user user, int fd) {
  for (int tries = 0; tries < 2; tries++) {
    struct pm_deferred_helper *h = helper_of(d, user);
    int status = h ? send_fd(h->socket, fd) : -EAGAIN;
    if (status == 0)
      return true;
    if (status != -EPIPE && status != -ECONNRESET)
      return false;
    end(d, h); /* it had nothing to do, or died */
  }
  return false;
}

/* ---- what waits ---- */

void pm_deferred_close(struct pm_deferred_closes *d, pm_peer_user user,
                       int fd) {
  if (hand_over(d, user, fd) || d->waiting_count == PM_DEFERRED_ROOM)
    return;
  d->waiting[d->waiting_count].user = user;
  d->waiting[d->waiting_count++].fd = pm_fd_high(fd);
}

bool pm_deferred_close_pending(const struct pm_deferred_closes *d) {
  return d->busy || d->waiting_count || d->retired_count;
}

bool pm_deferred_close_full(const struct pm_deferred_closes *d) {
  return d->waiting_count >= PM_DEFERRED_FULL;
}

static void reap_retired(struct pm_deferred_closes *d) {
  for (unsigned i = 0; i < d->retired_count;) {
    if (!pm_pidfd_has_ended(d->retired[i])) {
      i++;
      continue;
    }
    pm_pidfd_reap(d->retired[i]);
    close(d->retired[i]);
    d->retired[i] = d->retired[--d->retired_count];
  }
}

static void reap(struct pm_deferred_closes *d) {
  reap_retired(d);
  for (unsigned i = 0; i < d->busy;)
    if (pm_pidfd_has_ended(d->helper[i].pidfd))
      end(d, &d->helper[i]);
    else
      i++;
}

static void hand_over_all(struct pm_deferred_closes *d) {
  unsigned kept = 0;
  for (unsigned i = 0; i < d->waiting_count; i++)
    if (!hand_over(d, d->waiting[i].user, d->waiting[i].fd))
      d->waiting[kept++] = d->waiting[i];
  d->waiting_count = kept;
}

static unsigned count_waiting(const struct pm_deferred_closes *d,
                              pm_peer_user user) {
  unsigned n = 0;
  for (unsigned i = 0; i < d->waiting_count; i++)
    n += d->waiting[i].user == user;
  return n;
}

static void retire_full(struct pm_deferred_closes *d) {
  for (unsigned i = 0; i < d->busy;)
    if (d->retired_count < PM_DEFERRED_RETIRED &&
        count_waiting(d, d->helper[i].user) >= PM_DEFERRED_USER)
      retire(d, &d->helper[i]);
    else
      i++;
}

void pm_deferred_close_sweep(struct pm_deferred_closes *d) {
  d->failed = false;
  reap(d);
  hand_over_all(d);
  retire_full(d);
}

/* ---- the end ---- */

static void close_ends(const struct pm_deferred_helper *h) {
  close(h->socket);
  close(h->pidfd);
}

/* Its queue may be full for a moment. */
static bool takes_soon(const struct pm_deferred_helper *h, int fd, int ms) {
  struct pollfd p = {.fd = h->socket, .events = POLLOUT};
  return poll(&p, 1, ms) == 1 && send_fd(h->socket, fd) == 0;
}

/* In the place of a helper that takes nothing comes another one, so that each
 * is waited for once. */
static void hand_over_last(struct pm_deferred_closes *d, pm_peer_user user,
                           int fd) {
  struct pm_deferred_helper *h = find(d, user), fresh;
  if ((h && takes_soon(h, fd, d->failed ? 0 : 100)) || d->failed)
    return;
  d->failed = start(d, user, &fresh) < 0;
  if (d->failed)
    return;
  send_fd(fresh.socket, fd);
  if (!h && d->busy < PM_DEFERRED_HELPERS)
    h = &d->helper[d->busy++];
  else
    close_ends(h = h ? h : &d->helper[0]);
  *h = fresh;
}

void pm_deferred_close_done(struct pm_deferred_closes *d) {
  d->failed = false;
  for (; d->waiting_count; d->waiting_count--)
    hand_over_last(d, d->waiting[d->waiting_count - 1].user,
                   d->waiting[d->waiting_count - 1].fd);
  for (; d->busy; d->busy--)
    close_ends(&d->helper[d->busy - 1]);
  for (; d->retired_count; d->retired_count--)
    close(d->retired[d->retired_count - 1]);
}
