#include "server/loop.h"

#include "base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64 };

struct pm_loop {
  int fd, count;
  struct epoll_event ready[BATCH];
};

int pm_loop_new(struct pm_loop **ret, struct pm_err *err) {
  struct pm_loop *loop = calloc(1, sizeof *loop);
  if (!loop)
    return pm_err_set(err, ENOMEM, "make the loop");
  loop->fd = epoll_create1(EPOLL_CLOEXEC);
  if (loop->fd < 0) {
    int num = errno;
    free(loop);
    return pm_err_set(err, num, "make an epoll");
  }
  loop->fd = pm_fd_high(loop->fd);
  *ret = loop;
  return 0;
}

void pm_loop_free(struct pm_loop *loop) {
  if (!loop)
    return;
  close(loop->fd);
  free(loop);
}

int pm_loop_add(struct pm_loop *loop, struct pm_watch *watch, int fd,
                uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = watch};
  if (epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &e) < 0)
    return -errno;
  watch->fd = fd;
  watch->events = events;
  return 0;
}

void pm_loop_change(struct pm_loop *loop, struct pm_watch *watch,
                    uint32_t events) {
  if (watch->events == events || watch->fd < 0)
    return;
  struct epoll_event e = {.events = events, .data.ptr = watch};
  if (epoll_ctl(loop->fd, EPOLL_CTL_MOD, watch->fd, &e) == 0)
    watch->events = events;
}

void pm_loop_remove(struct pm_loop *loop, struct pm_watch *watch) {
  if (watch->fd < 0)
    return;
  epoll_ctl(loop->fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->fd = -1;
  for (int i = 0; i < loop->count; i++)
    if (loop->ready[i].data.ptr == watch)
      loop->ready[i].data.ptr = NULL;
}

/* In milliseconds, rounded up: waking too early would be spinning. */
static int timeout_of(uint64_t until, uint64_t mono) {
  if (until == 0)
    return -1;
  if (until <= mono)
    return 0;
  uint64_t ms = (until - mono + 999999) / 1000000;
  return ms > 3600000 ? 3600000 : (int)ms;
}

int pm_loop_wait(struct pm_loop *loop, uint64_t until, uint64_t mono) {
  int n = epoll_wait(loop->fd, loop->ready, BATCH, timeout_of(until, mono));
  loop->count = n > 0 ? n : 0;
  return loop->count;
}

void pm_loop_dispatch(struct pm_loop *loop) {
  for (int i = 0; i < loop->count; i++) {
    struct pm_watch *watch = loop->ready[i].data.ptr;
    if (watch)
      watch->ready(watch, loop->ready[i].events);
  }
  loop->count = 0;
}
