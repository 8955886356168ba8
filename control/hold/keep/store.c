#include "hold/keep/store.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* fd: to go along, or -1 */
static void notify(const char *what, const char *name, int fd) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to;
  char text[128] = "";
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr head;
  } control = {.head = {.cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(sizeof(int))}};
  socklen_t length = path ? address(path, &to) : 0;
  int s = length ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
  if (s < 0)
    return;
  strncat(text, what, 60);
  strncat(text, name, 60);
  struct iovec part = {text, strlen(text)};
  struct msghdr message = {.msg_name = &to,
                           .msg_namelen = length,
                           .msg_iov = &part,
                           .msg_iovlen = 1};
  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  sendmsg(s, &message, MSG_NOSIGNAL);
  close(s);
}

void keep_store_put(int fd, const char *name) {
  notify("FDSTORE=1\nFDPOLL=0\nFDNAME=", name, fd);
}

void keep_store_drop(const char *name) {
  notify("FDSTOREREMOVE=1\nFDNAME=", name, -1);
}
