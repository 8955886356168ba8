#include "core/helper/child.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/pidfd.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void drop_fd(int *fd) {
  pm_clean_fd(fd);
  *fd = -1;
}

void pm_child_init(struct pm_child *child, const char *helper, const char *mode,
                   const char *without_it) {
  *child = (struct pm_child){.helper = helper,
                             .mode = mode,
                             .without_it = without_it,
                             .sock = -1,
                             .pidfd = -1};
  for (size_t i = 0; i < PM_CHILD_STUCK; i++)
    child->stuck[i].pidfd = -1;
}

void pm_child_done(struct pm_child *child) {
  pm_child_drop(child);
  for (size_t i = 0; i < PM_CHILD_STUCK; i++)
    drop_fd(&child->stuck[i].pidfd);
}

bool pm_child_runs(const struct pm_child *child) { return child->sock >= 0; }

int pm_child_error(struct pm_child *child, struct pm_err *err) {
  if (!child->start_failed)
    return 0;
  child->start_failed = false;
  *err = child->start_error;
  return -child->start_error.num;
}

/* ---- its time ---- */

static ssize_t read_text(const char *file, pid_t pid, char *buf, size_t size) {
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  PM_CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
  buf[n > 0 ? n : 0] = '\0';
  return n;
}

struct pm_child_time pm_child_time(const struct pm_child *child) {
  char text[96], *end;
  struct pm_child_time time = {0, 0};
  if (!pm_child_runs(child) ||
      read_text("schedstat", child->pid, text, sizeof text) <= 0)
    return time;
  time.cpu_ns = strtoull(text, &end, 10);
  time.running_ns = time.cpu_ns + strtoull(end, NULL, 10);
  return time;
}

bool pm_child_is_runnable(const struct pm_child *child) {
  char text[512];
  const char *state = NULL;
  if (read_text("status", child->pid, text, sizeof text) > 0)
    state = strstr(text, "\nState:\t");
  return state && state[8] == 'R';
}

/* What has ended is not there to be asked, and its pid may be another's. */
static void note_cpu(struct pm_child *child) {
  uint64_t ns = pm_child_time(child).cpu_ns;
  if (child->pidfd >= 0 && pm_pidfd_is_alive(child->pidfd) &&
      ns > child->own_ns)
    child->own_ns = ns;
}

uint64_t pm_child_cpu_ns(struct pm_child *child) {
  note_cpu(child);
  return child->cpu_ns + child->own_ns;
}

/* ---- its end ---- */

void pm_child_drop(struct pm_child *child) {
  note_cpu(child);
  child->cpu_ns += child->own_ns;
  child->own_ns = 0;
  drop_fd(&child->sock);
  drop_fd(&child->pidfd);
}

void pm_child_kill(struct pm_child *child, uint32_t tag) {
  note_cpu(child);
  if (child->pidfd >= 0)
    pm_pidfd_send_signal(child->pidfd, SIGKILL);
  for (size_t i = 0; i < PM_CHILD_STUCK; i++) {
    if (child->stuck[i].pidfd >= 0)
      continue;
    child->stuck[i] = (struct pm_child_stuck){child->pidfd, tag};
    child->pidfd = -1;
    break;
  }
  pm_child_drop(child);
}

static bool is_stuck(struct pm_child_stuck *s) {
  if (s->pidfd < 0)
    return false;
  if (pm_pidfd_is_alive(s->pidfd))
    return true;
  drop_fd(&s->pidfd);
  return false;
}

unsigned pm_child_stuck(struct pm_child *child) {
  unsigned n = 0;
  for (size_t i = 0; i < PM_CHILD_STUCK; i++)
    n += is_stuck(&child->stuck[i]);
  return n;
}

unsigned pm_child_stuck_with(struct pm_child *child, uint32_t tag) {
  unsigned n = 0;
  for (size_t i = 0; i < PM_CHILD_STUCK; i++)
    n += is_stuck(&child->stuck[i]) && child->stuck[i].tag == tag;
  return n;
}

/* ---- its start ---- */

static int note_start_error(struct pm_child *child, struct pm_now now,
                            int num) {
  child->retry = now.mono + PM_CHILD_RETRY_S * PM_NS_PER_S;
  child->start_failed = true;
  return pm_err_set(&child->start_error, num,
                    "start the helper %s (%s; it is tried again in %d s)",
                    child->helper, child->without_it, PM_CHILD_RETRY_S);
}

ssize_t pm_child_receive(struct pm_child *child, void *buf, size_t size,
                         int wait_ms) {
  struct pollfd p = {.fd = child->sock, .events = POLLIN};
  int ready;
  while ((ready = poll(&p, 1, wait_ms)) < 0 && errno == EINTR)
    ;
  if (ready < 0)
    return -errno;
  if (ready == 0)
    return -ETIMEDOUT;
  ssize_t n = recv(child->sock, buf, size, MSG_DONTWAIT);
  if (n < 0)
    return -errno;
  return n == 0 ? -EPIPE : n;
}

bool pm_child_has_sent(const struct pm_child *child) {
  struct pollfd p = {.fd = child->sock, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

static int spawn(struct pm_child *child, const char *first,
                 const char *second) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t)child->mode, (char *)(uintptr_t)first,
                  (char *)(uintptr_t)second, NULL};
  int ends[2];
  int status = pm_spawn_pair(ends);
  if (status < 0)
    return status;
  status = pm_spawn(child->helper, argv, ends[1], &child->pid);
  close(ends[1]);
  if (status < 0) {
    close(ends[0]);
    return status;
  }
  child->sock = ends[0];
  /* Used only while the child still holds its end of the socket, so the pid
   * cannot be another process's by now. */
  int pidfd = pm_pidfd_open(child->pid);
  if (pidfd < 0) { /* one that hangs could be neither killed nor counted */
    pm_child_drop(child);
    return pidfd;
  }
  child->pidfd = pm_fd_high(pidfd);
  return 0;
}

int pm_child_start(struct pm_child *child, struct pm_now now, const char *first,
                   const char *second) {
  char hello[64];
  if (now.mono < child->retry)
    return -EAGAIN;
  int status = spawn(child, first, second);
  if (status < 0)
    return note_start_error(child, now, -status);
  ssize_t n = pm_child_receive(child, hello, sizeof hello, PM_CHILD_START_MS);
  if (n >= 0)
    return 0;
  pm_child_kill(child, UINT32_MAX);
  return note_start_error(child, now, (int)-n);
}
