#include "server/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 256 << 10, PEEK = 16 << 10 };

/* Unless urgent data (MSG_OOB) is inline, a peek skips it and a read discards
 * it together with the descriptors that it carried. */
static void inline_urgent(int fd) {
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &yes, sizeof yes);
}

struct pm_client *pm_client_new(int fd, bool fds_refused,
                                struct pm_peer *peer) {
  struct pm_client *c = calloc(1, sizeof *c);
  if (!c)
    return NULL;
  c->out.most = PM_CLIENT_MAX;
  c->json = pm_json_out_new(&c->out);
  if (!c->json) {
    free(c);
    return NULL;
  }
  c->watch.fd = fd;
  c->peer = peer;
  c->fds_refused = fds_refused;
  inline_urgent(fd);
  pm_frame_init(&c->in, REQUEST_MAX);
  return c;
}

void pm_client_touch(struct pm_client *c) {
  if (c->is_touched || !c->touched)
    return;
  c->is_touched = true;
  c->next_touched = c->touched->clients;
  c->touched->clients = c;
}

/* ---- descriptors in the queue ---- */

/* How many bytes can be received before any that carry descriptors. -EAGAIN:
 * none; -EBADF: the next ones carry some.  A peek without a control buffer
 * reports them (MSG_CTRUNC) and does not drop their last reference (unix(7),
 * net/unix/af_unix.c). */
static ssize_t safe_bytes(int fd, char *buf, size_t size) {
  struct iovec v = {buf, size};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  ssize_t n = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0)
    return -errno;
  return m.msg_flags & MSG_CTRUNC ? -EBADF : n;
}

/* Discards everything that carries no descriptors.  True if something is
 * left. */
static bool drain(int fd) {
  char scratch[PEEK];
  for (;;) {
    ssize_t n = safe_bytes(fd, scratch, sizeof scratch);
    if (n <= 0)
      return n == -EBADF;
    if (recv(fd, scratch, (size_t)n, MSG_DONTWAIT) <= 0)
      return false;
  }
}

void pm_client_close(int fd, bool fds_refused, pm_peer_user user,
                     struct pm_deferred_closes *deferred) {
  bool undrained = false;
  if (!fds_refused) {
    shutdown(fd, SHUT_RDWR); /* nothing more can arrive */
    inline_urgent(fd);
    undrained = drain(fd);
  }
  if (undrained)
    pm_deferred_close(deferred, user, fd);
  else
    close(fd);
}

void pm_client_free(struct pm_client *c, struct pm_deferred_closes *deferred) {
  pm_client_close(c->watch.fd, c->fds_refused, c->peer->user, deferred);
  pm_peer_unref(c->peer);
  pm_frame_done(&c->in);
  pm_json_out_free(c->json);
  pm_buf_done(&c->out);
  free(c);
}

/* ---- bytes ---- */

/* recv(2), up to the first byte that carries descriptors. */
static ssize_t receive(const struct pm_client *c, char *buf, size_t size) {
  if (!c->fds_refused) {
    ssize_t n = safe_bytes(c->watch.fd, buf, size);
    if (n <= 0)
      return n;
    size = (size_t)n;
  }
  ssize_t n = recv(c->watch.fd, buf, size, MSG_DONTWAIT);
  return n < 0 ? -errno : n;
}

int pm_client_receive(struct pm_client *c) {
  char *room;
  size_t size;
  int status = pm_frame_room(&c->in, &room, &size);
  if (status < 0)
    return status;
  ssize_t n = receive(c, room, size);
  if (n == -EINTR || (n == -EAGAIN && !c->gone))
    return 0;
  bool reset = n == -ECONNRESET; /* it has left answers unread (unix(7)) */
  if (n < 0 && !reset && n != -EAGAIN) {
    c->dead = true; /* descriptors were passed, which no client does */
    return 0;
  }
  if (n <= 0) {
    c->eof = true;
    pm_frame_end(&c->in);
    return 0;
  }
  pm_frame_filled(&c->in, (size_t)n);
  return 0;
}

void pm_client_send(struct pm_client *c, uint64_t mono) {
  while (c->out.length > 0 && !c->gone) {
    ssize_t n = send(c->watch.fd, c->out.data, c->out.length,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN) {
      c->blocked_since = c->blocked_since ? c->blocked_since : mono;
      return;
    }
    if (n < 0) {
      c->gone = true;
      break;
    }
    c->blocked_since = 0;
    pm_buf_take(&c->out, (size_t)n);
  }
  pm_buf_take(&c->out, c->out.length); /* of one that is gone */
  c->blocked_since = 0;
  pm_buf_shrink(&c->out);
}

bool pm_client_has_room(const struct pm_client *c) {
  return c->out.length < PM_CLIENT_FULL && !c->dead;
}
