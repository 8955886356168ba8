#include "cli/client.h"
#include "cli/commands.h"

#include "base/clean.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One direction of the copying.  The buffer is not larger than what a pipe
 * accepts without blocking after poll(2) reported it writable (PIPE_BUF in
 * pipe(7)), so neither direction blocks the other. */
struct direction {
  int from, to;
  size_t at, length;
  bool ended; /* end of file, or an error */
  char bytes[4096];
};

static void read_piece(struct direction *l) {
  ssize_t n = read(l->from, l->bytes, sizeof l->bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  l->ended = n <= 0;
  l->length = n > 0 ? (size_t)n : 0;
  l->at = 0;
}

static int write_piece(struct direction *l) {
  ssize_t n =
      send(l->to, l->bytes + l->at, l->length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno == ENOTSOCK)
    n = write(l->to, l->bytes + l->at, l->length);
  if (n < 0)
    return errno == EINTR || errno == EAGAIN ? 0 : -errno;
  l->at += (size_t)n;
  l->length -= (size_t)n;
  return 0;
}

static struct pollfd awaited(const struct direction *l) {
  if (l->length > 0)
    return (struct pollfd){.fd = l->to, .events = POLLOUT};
  return (struct pollfd){.fd = l->ended ? -1 : l->from, .events = POLLIN};
}

/* Until the server closes the connection: answers may still come after the end
 * of stdin. */
static int copy_both_ways(int fd) {
  struct direction up = {.from = STDIN_FILENO, .to = fd};
  struct direction down = {.from = fd, .to = STDOUT_FILENO};
  struct direction *directions[] = {&up, &down};
  while (!down.ended) {
    struct pollfd polled[] = {awaited(&up), awaited(&down)};
    if (poll(polled, 2, -1) < 0 && errno != EINTR)
      return -errno;
    for (size_t i = 0; i < 2; i++) {
      struct direction *l = directions[i];
      bool writing = l->length > 0;
      int status = 0;
      if (!polled[i].revents)
        continue;
      if (writing)
        status = write_piece(l);
      else
        read_piece(l);
      if (status < 0)
        return status;
    }
    if (up.ended && up.length == 0 && up.to >= 0) {
      shutdown(fd, SHUT_WR);
      up.to = -1;
    }
  }
  return 0;
}

static enum ctl_status run_dial_stdio(struct ctl *ctl,
                                      const struct ctl_args *args) {
  struct pm_err err = PM_ERR_INIT;
  PM_CLEAN_FD int fd = ctl_client_dial(
      ctl->socket ? ctl->socket : ctl_client_default_path(), &err);
  (void)args;
  if (fd < 0) {
    ctl_warn("%s", err.text);
    return CTL_NO_CONNECTION;
  }
  int status = copy_both_ways(fd);
  if (status == 0)
    return CTL_DONE;
  ctl_warn("the connection was lost: %s", strerror(-status));
  return CTL_NO_CONNECTION;
}

const struct ctl_command ctl_cmd_dial_stdio = {
    .name = "dial-stdio",
    .operands = "",
    .what = "connects stdin and stdout to the socket (for -H on another "
            "machine)",
    .run = run_dial_stdio,
};
