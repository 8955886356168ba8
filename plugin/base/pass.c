#include "base/pass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

union control {
  char bytes[CMSG_SPACE(PM_PASS_MOST * sizeof(int))];
  struct cmsghdr align;
};

int pm_pass_send(int sock, const void *bytes, size_t length,
                 const struct pm_pass *fds) {
  union control control = {.bytes = {0}};
  size_t size = fds->count * sizeof fds->fd[0];
  struct iovec part = {(void *)(uintptr_t)bytes, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fds->count) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), fds->fd, size);
  }
  return sendmsg(sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t pm_pass_receive(int sock, void *ret_bytes, size_t size, int flags,
                        struct pm_pass *ret_fds) {
  union control control;
  struct iovec part = {ret_bytes, size};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t n;
  ret_fds->count = 0;
  do
    n = recvmsg(sock, &message, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;
  const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  if (!c || c->cmsg_type != SCM_RIGHTS)
    return n;
  ret_fds->count = (c->cmsg_len - CMSG_LEN(0)) / sizeof ret_fds->fd[0];
  memcpy(ret_fds->fd, CMSG_DATA(c), ret_fds->count * sizeof ret_fds->fd[0]);
  return n;
}
