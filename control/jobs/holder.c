#include "jobs/holder.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int pm_holder_open(struct pm_holder *h, struct pm_loop *loop, int fd,
                   void (*ready)(struct pm_watch *, uint32_t)) {
  h->loop = loop;
  h->watch.ready = ready;
  int status = pm_loop_add(loop, &h->watch, fd, EPOLLIN);
  if (status < 0)
    close(fd);
  return status;
}

bool pm_holder_is_open(const struct pm_holder *h) { return h->watch.fd >= 0; }

void pm_holder_close(struct pm_holder *h) {
  int fd = h->watch.fd;
  if (fd < 0)
    return;
  pm_loop_remove(h->loop, &h->watch);
  close(fd);
}

static bool is(const void *bytes, size_t length, enum pm_job_kind kind,
               void *ret, size_t size) {
  return pm_job_read(bytes, length, kind, ret, size) == 0;
}

/* Without a control buffer, so that no descriptor comes along. */
enum pm_holder_said pm_holder_read(struct pm_holder *h,
                                   union pm_holder_message *ret) {
  _Alignas(8) char bytes[1024];
  ssize_t n = recv(h->watch.fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return PM_HOLDER_NOTHING;
  if (n <= 0 || (size_t)n > sizeof bytes)
    return PM_HOLDER_GONE;
  if (is(bytes, (size_t)n, PM_JOB_STATE, &ret->state, sizeof ret->state))
    return PM_HOLDER_STATE;
  if (is(bytes, (size_t)n, PM_JOB_REPLY, &ret->reply, sizeof ret->reply))
    return PM_HOLDER_REPLY;
  return PM_HOLDER_GONE;
}

int pm_holder_ask(struct pm_holder *h, struct pm_job_request *request) {
  pm_job_seal(request, PM_JOB_REQUEST, sizeof *request);
  ssize_t n =
      send(h->watch.fd, request, sizeof *request, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n < 0 ? -errno : 0;
}
