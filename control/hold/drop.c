#include "hold/drop.h"

#include "base/hold_protocol.h"
#include "base/pass.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  IDLE = 3,   /* seconds without anything to do */
  BATCH = 64, /* so many are given to a child while more come */
  SPARE = 16, /* descriptors that are not taken */
};

struct drop {
  int most;    /* descriptors that are taken */
  int taken;   /* and not given to a child yet; they lie close together */
  int highest; /* of their numbers */
  pid_t child; /* that lets the last ones go; 0: none */
};

/* A descriptor that does not fit is closed by the kernel, here and now. */
static int raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  rlim_t most = limit.rlim_cur > (1 << 20) ? (1 << 20) : limit.rlim_cur;
  return (int)most - SPARE;
}

/* False: the other end is closed. */
static bool take(struct drop *d) {
  char byte;
  struct pm_pass fds;
  ssize_t n = pm_pass_receive(PM_HOLD_SOCKET, &byte, 1, MSG_DONTWAIT, &fds);
  if (n < 0)
    return n == -EAGAIN;
  if (!fds.count)
    return n > 0;
  int fd = fds.fd[0];
  d->taken++;
  d->highest = fd > d->highest ? fd : d->highest;
  return true;
}

/* The child has them all, too, so that closing them here is not the last; and
 * it waits until that is done. */
static void give_to_child(struct drop *d) {
  int done[2];
  char byte;
  if (pipe(done) < 0)
    return;
  pid_t pid = fork();
  if (pid == 0) {
    close(done[1]);
    close(PM_HOLD_SOCKET);
    while (read(done[0], &byte, 1) < 0 && errno == EINTR)
      continue;
    _exit(0);
  }
  close(done[0]);
  if (pid > 0) {
    for (int fd = PM_HOLD_SOCKET + 1; fd <= d->highest; fd++)
      if (fd != done[1])
        close(fd);
    d->child = pid;
    d->taken = d->highest = 0;
  }
  close(done[1]);
}

static void look_after_child(struct drop *d) {
  if (d->child && waitpid(d->child, NULL, WNOHANG) != 0)
    d->child = 0;
  if (d->taken && !d->child)
    give_to_child(d);
}

/* False: there is nothing more to do. */
static bool wait_for_more(struct drop *d, int *ready) {
  /* with no room it waits for the child's end */
  short events = d->taken < d->most ? POLLIN : 0;
  struct pollfd p = {.fd = PM_HOLD_SOCKET, .events = events};
  *ready = poll(&p, 1, 1000);
  if (*ready <= 0)
    return true;
  return p.revents & POLLIN && take(d); /* else the server is gone */
}

int hold_drop(int argc, char **argv) {
  struct drop d = {.most = raise_limit()};
  int ready;
  (void)argc, (void)argv;
  for (int idle = 0; idle < IDLE && wait_for_more(&d, &ready);) {
    if (ready <= 0 || d.taken >= BATCH)
      look_after_child(&d);
    idle = ready > 0 || d.taken || d.child ? 0 : idle + 1;
  }
  return 0;
}
