#include "cli/client.h"

#include "base/buf.h"
#include "base/clean.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  REQUEST = 1 << 20, /* above the server's limit: it reports its own */
  DIAL_S = 5,        /* for a place in the server's queue */
};

struct ctl_client {
  int fd;
  int64_t id;
  struct pm_frame frame;
  struct pm_json_in *in;
  struct pm_buf buf;
  struct pm_json_out *out;
};

/* ---- connecting ---- */

const char *ctl_client_default_path(void) {
  static const char system[] = "/run/procman/control.sock";
  static char own[PATH_MAX];
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (geteuid() == 0 || !runtime || !*runtime)
    return system;
  snprintf(own, sizeof own, "%s/procman/control.sock", runtime);
  return access(own, F_OK) == 0 ? own : system;
}

/* The first folder of the path that may not be entered; else the path. */
static void find_barrier(const char *path, char *ret, size_t size) {
  for (const char *slash = strchr(path + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    snprintf(ret, size, "%.*s", (int)(slash - path), path);
    if (access(ret, X_OK) < 0)
      return;
  }
  snprintf(ret, size, "%s", path);
}

/* Who may, by its mode: for a folder the right to enter, for a socket to write.
 */
static const char *who_may(const struct stat *st) {
  mode_t bit = S_ISDIR(st->st_mode) ? S_IXGRP : S_IWGRP;
  return st->st_mode & bit ? "root, its owner and members of that group"
                           : "root and its owner";
}

static int explain_denied(const char *path, struct pm_err *err) {
  struct stat st;
  char place[PATH_MAX], number[16], owner[16];
  find_barrier(path, place, sizeof place);
  if (stat(place, &st) < 0)
    return pm_err_say(err, EACCES, "permission denied for %s", path);
  const struct group *group = getgrgid(st.st_gid);
  const struct passwd *user = getpwuid(st.st_uid);
  snprintf(number, sizeof number, "%u", st.st_gid);
  snprintf(owner, sizeof owner, "%u", st.st_uid);
  return pm_err_say(err, EACCES,
                    "permission denied for %s: its mode is %04o, its owner %s, "
                    "its group %s; only %s may use it (SocketGroup and "
                    "SocketPerms in <Control>)",
                    place, st.st_mode & 07777, user ? user->pw_name : owner,
                    group ? group->gr_name : number, who_may(&st));
}

static int explain_connect_error(const char *path, int num,
                                 struct pm_err *err) {
  const char *help = num == ENOENT || num == ECONNREFUSED
                         ? "is collectd running with <Control>?"
                     : num == EAGAIN
                         ? "too many are connecting, or collectd is stuck"
                         : "is it the socket of <Control>?";
  if (num == EACCES || num == EPERM)
    return explain_denied(path, err);
  return pm_err_say(err, num, "cannot connect to %s: %s; %s", path,
                    strerror(num), help);
}

/* Of what blocks, in seconds; 0: for ever. */
static void limit_time(int fd, time_t seconds) {
  struct timeval limit = {.tv_sec = seconds};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int ctl_client_dial(const char *path, struct pm_err *err) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return explain_connect_error(path, ENAMETOOLONG, err);
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return pm_err_set(err, errno, "cannot create a socket");
  int status;
  limit_time(fd, DIAL_S);
  do
    status = connect(fd, (const struct sockaddr *)&address,
                     (socklen_t)sizeof address);
  while (status < 0 && errno == EINTR);
  limit_time(fd, 0);
  if (status == 0)
    return fd;
  int num = errno;
  close(fd);
  return explain_connect_error(path, num, err);
}

int ctl_client_new(int fd, struct ctl_client **ret, struct pm_err *err) {
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  struct ctl_client *client = calloc(1, sizeof *client);
  if (!client) {
    close(fd);
    return pm_err_set(err, ENOMEM, "cannot connect");
  }
  client->fd = fd;
  client->buf.most = REQUEST;
  pm_frame_init(&client->frame, limits.text);
  client->in = pm_json_in_new(&limits);
  client->out = pm_json_out_new(&client->buf);
  if (!client->in || !client->out) {
    ctl_client_free(client);
    return pm_err_set(err, ENOMEM, "cannot connect");
  }
  *ret = client;
  return 0;
}

void ctl_client_free(struct ctl_client *client) {
  if (!client)
    return;
  close(client->fd);
  pm_json_out_free(client->out);
  pm_json_in_free(client->in);
  pm_frame_done(&client->frame);
  pm_buf_done(&client->buf);
  free(client);
}

/* ---- requests ---- */

static void put_request(struct ctl_client *client, const char *method,
                        const struct ctl_params *params) {
  struct pm_json_out *out = client->out;
  pm_json_object(out);
  pm_json_key(out, "jsonrpc");
  pm_json_text(out, "2.0");
  pm_json_key(out, "id");
  pm_json_integer(out, ++client->id);
  pm_json_key(out, "method");
  pm_json_text(out, method);
  if (params && params->count > 0) {
    pm_json_key(out, "params");
    ctl_params_put(params, out);
  }
  pm_json_object_end(out);
  pm_json_message_end(out);
}

/* If the server has closed the connection, it may have said why: that is read
 * first, so this is no error. */
static int send_buffer(struct ctl_client *client) {
  struct pm_buf *buf = &client->buf;
  while (buf->length > 0) {
    ssize_t n = send(client->fd, buf->data, buf->length, MSG_NOSIGNAL);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
      break;
    if (n < 0 && errno != EINTR)
      return -errno;
    if (n > 0)
      pm_buf_take(buf, (size_t)n);
  }
  buf->length = 0;
  return 0;
}

int ctl_client_send(struct ctl_client *client, const char *method,
                    const struct ctl_params *params, int64_t *ret,
                    struct pm_err *err) {
  put_request(client, method, params);
  int status = pm_json_out_status(client->out);
  if (status == 0)
    status = send_buffer(client);
  if (status < 0)
    return pm_err_set(err, -status, "cannot send %s", method);
  *ret = client->id;
  return 0;
}

/* ---- messages ---- */

static double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int wait_for_bytes(int fd, double until) {
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    double left =
        isinf(until) ? -1 : fmax(ceil((until - now_seconds()) * 1000), 0);
    int n = poll(&p, 1, (int)fmin(left, INT_MAX));
    if (n > 0)
      return 0;
    if (n == 0 && !isinf(until))
      return -ETIMEDOUT;
    if (n < 0 && errno != EINTR)
      return -errno;
  }
}

/* Reads more; -ECONNRESET at the end of the stream. */
static int read_more(struct ctl_client *client, double until) {
  char *room;
  size_t size;
  int status = pm_frame_room(&client->frame, &room, &size);
  if (status == 0)
    status = wait_for_bytes(client->fd, until);
  if (status < 0)
    return status;
  ssize_t n = read(client->fd, room, size);
  if (n == 0)
    return -ECONNRESET;
  if (n < 0)
    return errno == EINTR ? 0 : -errno;
  pm_frame_filled(&client->frame, (size_t)n);
  return 0;
}

static int explain_read_error(int status, struct pm_err *err) {
  switch (-status) {
  case ECONNRESET:
  case EPIPE:
    return pm_err_say(err, ECONNRESET,
                      "the connection was closed before the answer was "
                      "complete; collectd's log may say why");
  case ETIMEDOUT:
    return pm_err_say(err, ETIMEDOUT,
                      "the server does not answer; is collectd stuck?");
  default:
    return pm_err_set(err, -status, "cannot read the answer");
  }
}

int ctl_client_read(struct ctl_client *client, double seconds,
                    const struct pm_json **ret, struct pm_err *err) {
  double until = seconds < 0 ? (double)INFINITY : now_seconds() + seconds;
  char *text;
  size_t length;
  while (!pm_frame_next(&client->frame, &text, &length)) {
    int status = read_more(client, until);
    if (status < 0)
      return explain_read_error(status, err);
  }
  struct pm_err why = PM_ERR_INIT;
  const struct pm_json *message;
  int status = pm_json_in_read(client->in, text, length, &message, &why);
  if (status < 0)
    return pm_err_say(err, -status, "the answer cannot be read: %.250s",
                      why.text);
  if (message->type != PM_JSON_OBJECT)
    return pm_err_say(err, EBADMSG, "the answer is not a JSON-RPC object");
  *ret = message;
  return 0;
}
