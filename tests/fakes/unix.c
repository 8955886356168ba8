#include "fakes/unix.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void must(bool holds, const char *what) {
  if (holds)
    return;
  perror(what);
  exit(99);
}

int unix_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  must(fd >= 0, "socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  int num = errno;
  close(fd);
  return -num;
}

void unix_pair(int ends[2]) {
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                  ends) == 0,
       "socketpair");
}

int unix_pass(int fd, const char *text, int flags, int passed) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
  struct iovec bytes = {(char *)(uintptr_t)text, strlen(text)};
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
  return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags) < 0 ? -errno
                                                                        : 0;
}

void lingering(int ends[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct linger wait = {.l_onoff = 1, .l_linger = 20};
  socklen_t size = sizeof address;
  static const char bytes[65536];
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(bind(listener, (struct sockaddr *)&address, size) == 0 &&
           listen(listener, 1) == 0 &&
           getsockname(listener, (struct sockaddr *)&address, &size) == 0,
       "listen");
  ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(connect(ends[0], (struct sockaddr *)&address, size) == 0, "connect");
  ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  must(ends[1] >= 0, "accept");
  close(listener);
  while (send(ends[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    ;
  must(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &wait, sizeof wait) == 0,
       "SO_LINGER");
}

uint64_t clock_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms) {
  struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
  while (nanosleep(&t, &t) < 0 && errno == EINTR)
    ;
}

size_t open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  size_t count = 0;
  must(folder, "/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(folder));)
    count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}
