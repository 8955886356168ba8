#include "server/helper.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/hold_protocol.h"
#include "base/pass.h"
#include "base/pidfd.h"
#include "base/sealed.h"
#include "base/spawn.h"

#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

static int spawn(const struct pm_helper_work *work, int end, pid_t *ret) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t)work->mode,
                  (char *)(uintptr_t)work->proc_path, NULL};
  return pm_spawn(work->path, argv, end, ret);
}

static int send_work(int sock, const struct pm_helper_work *work) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  PM_CLEAN_FD int record = pm_sealed_new(work->record, work->record_count);
  if (record < 0)
    return record;
  struct pm_pass fds = {{record, work->fd}, work->fd >= 0 ? 2 : 1};
  return pm_pass_send(sock, &head, sizeof head, &fds);
}

/* The request is in the socket before the helper is started. */
static int launch(struct pm_helper *h, const struct pm_helper_work *work,
                  int mine, int its, pid_t *ret) {
  int status = send_work(mine, work);
  if (status == 0)
    status = pm_loop_add(h->loop, &h->watch, mine, EPOLLIN);
  return status < 0 ? status : spawn(work, its, ret);
}

int pm_helper_start(struct pm_helper *h, struct pm_loop *loop,
                    const struct pm_helper_work *work) {
  int ends[2];
  pid_t pid;
  h->loop = loop;
  h->watch.fd = h->pidfd = -1;
  int status = pm_spawn_pair(ends);
  if (status < 0)
    return status;
  status = launch(h, work, ends[0], ends[1], &pid);
  close(ends[1]);
  if (status < 0) {
    pm_loop_remove(loop, &h->watch);
    close(ends[0]);
    return status;
  }
  /* It is not waited for, so its pid may be another process's by now; but it is
   * killed only while it still holds its end of the socket. */
  h->pidfd = pm_fd_high(pm_pidfd_open(pid));
  return 0;
}

void pm_helper_hang_up(struct pm_helper *h) {
  int fd = h->watch.fd;
  if (fd < 0)
    return;
  pm_loop_remove(h->loop, &h->watch);
  close(fd);
}

void pm_helper_kill(struct pm_helper *h) {
  if (h->pidfd >= 0 && h->watch.fd >= 0)
    pm_pidfd_send_signal(h->pidfd, SIGKILL);
}

void pm_helper_done(struct pm_helper *h) {
  pm_helper_hang_up(h);
  if (h->pidfd < 0)
    return;
  pm_pidfd_reap(h->pidfd);
  close(h->pidfd);
  h->pidfd = -1;
}
