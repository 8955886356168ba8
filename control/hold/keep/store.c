#include "hold/keep/store.h"

#include "hold/fd_message.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 64 };

int keep_store_count(void) {
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  if (!pid || !count || strtol(pid, NULL, 10) != getpid())
    return 0;
  long n = strtol(count, NULL, 10);
  if (n < 0 || n > MOST)
    return 0;
  for (int i = 0; i < n; i++)
    fcntl(FIRST + i, F_SETFD, FD_CLOEXEC);
  return (int)n;
}

void keep_store_leave(int count) {
  for (int i = 0; i < count; i++)
    close(FIRST + i);
}

/* LISTEN_FDNAMES: names with colons between them, in the order of the
 * descriptors. */
int keep_store_find(int count, const char *name) {
  const char *at = getenv("LISTEN_FDNAMES");
  size_t length = strlen(name);
  for (int i = 0; at && i < count; i++) {
    size_t n = strcspn(at, ":");
    if (n == length && memcmp(at, name, n) == 0)
      return FIRST + i;
    at = at[n] ? at + n + 1 : NULL;
  }
  return -1;
}

/* '@' stands for the NUL of an abstract name: unix(7). */
static socklen_t address(const char *path, struct sockaddr_un *ret) {
  size_t length = strlen(path);
  if (!length || length >= sizeof ret->sun_path)
    return 0;
  *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(ret->sun_path, path, length);
  if (path[0] == '@')
    ret->sun_path[0] = '\0';
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int store = -1;    /* a socket that is connected to it */
static const char *whose; /* the job's id */

static int connect_to_store(void) {
  const struct timeval most = {.tv_usec = 200000};
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to;
  socklen_t length = path ? address(path, &to) : 0;
  int s = length ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
  if (s < 0)
    return -1;
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  if (connect(s, (struct sockaddr *)&to, length) == 0)
    return s;
  close(s);
  return -1;
}

void keep_store_open(const char *job) {
  whose = job;
  store = connect_to_store();
}

/* A manager that has begun anew has another socket of that name.  One that
 * hangs is not waited for. */
static void send_message(const struct msghdr *message) {
  if (store >= 0 &&
      (sendmsg(store, message, MSG_NOSIGNAL) >= 0 || errno == EAGAIN))
    return;
  int again = connect_to_store();
  if (again < 0)
    return;
  if (store >= 0)
    close(store);
  store = again;
  sendmsg(store, message, MSG_NOSIGNAL);
}

/* fd: to go along, or -1 */
static void notify(const char *what, const char *name, int fd) {
  char text[256] = "";
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr head;
  } control = {.head = {.cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(sizeof(int))}};
  if (!whose)
    return;
  strncat(text, what, 60);
  strncat(text, name, 60);
  strcat(text, "\n" HOLD_FD_JOB);
  strncat(text, whose, PM_JOB_ID_MOST);
  struct iovec part = {text, strlen(text)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  send_message(&message);
}

void keep_store_put(int fd, const char *name) {
  notify("FDSTORE=1\nFDPOLL=0\nFDNAME=", name, fd);
}

void keep_store_drop(const char *name) {
  notify("FDSTOREREMOVE=1\nFDNAME=", name, -1);
}
