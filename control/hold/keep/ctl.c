#include "hold/keep/ctl.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void keep_ctl_init(struct keep_ctl *ctl, int fd, uint32_t owner) {
  *ctl = (struct keep_ctl){.fd = fd, .owner = owner};
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++)
    ctl->peer[i].fd = -1;
}

static void leave(struct keep_ctl_peer *peer) {
  close(peer->fd);
  *peer = (struct keep_ctl_peer){.fd = -1};
}

static void tell(struct keep_ctl_peer *peer,
                 const struct pm_job_state_record *state) {
  /* its counters have gone on since it was written to disk */
  struct pm_job_state_record now = *state;
  pm_job_seal(&now, PM_JOB_STATE, sizeof now);
  ssize_t n = send(peer->fd, &now, sizeof now, MSG_DONTWAIT | MSG_NOSIGNAL);
  peer->owed = n < 0 && errno == EAGAIN;
  if (n < 0 && !peer->owed)
    leave(peer);
}

void keep_ctl_publish(struct keep_ctl *ctl,
                      const struct pm_job_state_record *state) {
  ctl->deaf = false;
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++)
    if (ctl->peer[i].fd >= 0)
      tell(&ctl->peer[i], state);
}

void keep_ctl_prepare(const struct keep_ctl *ctl, struct pollfd *ret) {
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++) {
    const struct keep_ctl_peer *p = &ctl->peer[i];
    short events = p->owed ? POLLOUT : POLLIN;
    ret[i] = (struct pollfd){.fd = p->fd, .events = events};
  }
  int fd = ctl->deaf ? -1 : ctl->fd;
  ret[KEEP_CTL_PEERS] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Only its folder's owner can reach it, and that is asked, too. */
static bool is_welcome(const struct keep_ctl *ctl, int fd) {
  struct ucred who;
  socklen_t size = sizeof who;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
         who.uid == ctl->owner;
}

static struct keep_ctl_peer *find_free(struct keep_ctl *ctl) {
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++)
    if (ctl->peer[i].fd < 0)
      return &ctl->peer[i];
  return NULL;
}

static void let_in(struct keep_ctl *ctl,
                   const struct pm_job_state_record *state) {
  int fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  ctl->deaf = fd < 0 && errno != EAGAIN && errno != ECONNABORTED;
  struct keep_ctl_peer *p = fd < 0 ? NULL : find_free(ctl);
  if (p && is_welcome(ctl, fd)) {
    p->fd = fd;
    tell(p, state);
  } else if (fd >= 0) {
    close(fd);
  }
}

static void answer(struct keep_ctl_peer *peer, uint64_t seq, int status) {
  struct pm_job_reply reply = {.seq = seq, .error = -status};
  pm_job_seal(&reply, PM_JOB_REPLY, sizeof reply);
  if (send(peer->fd, &reply, sizeof reply, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    leave(peer);
}

/* Without a control buffer, so that the kernel drops descriptors that come
 * along. */
static void serve_peer(struct keep_ctl_peer *peer,
                       int (*act)(void *, const struct pm_job_request *),
                       void *context) {
  char bytes[256];
  struct pm_job_request request;
  ssize_t n = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN)
      leave(peer);
    return;
  }
  int status = n > (ssize_t)sizeof bytes
                   ? -EBADMSG
                   : pm_job_read(bytes, (size_t)n, PM_JOB_REQUEST, &request,
                                 sizeof request);
  if (status < 0)
    leave(peer);
  else
    answer(peer, request.seq, act(context, &request));
}

void keep_ctl_serve(struct keep_ctl *ctl, const struct pollfd *polled,
                    const struct pm_job_state_record *state,
                    int (*act)(void *, const struct pm_job_request *),
                    void *context) {
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++) {
    struct keep_ctl_peer *p = &ctl->peer[i];
    if (!polled[i].revents || p->fd < 0 || p->fd != polled[i].fd)
      continue;
    if (p->owed)
      tell(p, state);
    else
      serve_peer(p, act, context);
  }
  if (polled[KEEP_CTL_PEERS].revents)
    let_in(ctl, state);
}
