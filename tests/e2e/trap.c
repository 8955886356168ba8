/* A descriptor whose last close blocks, passed to a server by any user:
 *   trap DEVICE FOLDER SOCKET [userns]
 * mounts a FUSE file system (fuse.h) on FOLDER that does not answer writes, and
 * connects to SOCKET.  Then for each line on its input:
 *   ask     sends a hello, and waits for the answer
 *   pass    passes a file of which nobody here keeps the description, with a
 *           page in its cache that has to be written before the last close is
 *           through (fuse_release in the kernel's fs/fuse/file.c)
 *   urgent  passes it with urgent data
 * and says "done", or the error's number.  Its first line is "SERVER-PID PID".
 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static _Bool answers(const struct fuse_in_header *request) {
  return request->opcode != FUSE_WRITE;
}

static int open_file(void) {
  int fd = open("f", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    fuse_die("open the file");
  return fd;
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
    fuse_die(path);
  return fd;
}

static int ask(int fd) {
  static const char hello[] =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\"}\n";
  char answer[8192] = "";
  size_t length = 0;
  if (send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0)
    return errno;
  while (!strchr(answer, '\n')) {
    ssize_t n = recv(fd, answer + length, sizeof answer - 1 - length, 0);
    if (n <= 0)
      return n ? errno : EPIPE;
    length += (size_t)n;
  }
  return 0;
}

static int send_with(int fd, int flags, int passed) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
  struct iovec bytes = {(char *)(uintptr_t) "\n", 1};
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
  return sendmsg(fd, &message, MSG_NOSIGNAL | flags) < 0 ? errno : 0;
}

/* The close here is not the last, and nothing is to be written yet; afterwards
 * another description of the same file makes it so. */
static int pass(int fd, int flags) {
  static const char page[4096] = {1};
  int passed = open_file(), other = open_file();
  int error = send_with(fd, flags, passed);
  close(passed);
  if (pwrite(other, page, sizeof page, 0) < 0)
    return errno;
  return error;
}

int main(int argc, char **argv) {
  if (argc < 4)
    return 2;
  char line[16];
  pid_t server =
      fuse_mount(argv[1], argv[2], argc > 4, FUSE_WRITEBACK_CACHE, answers);
  int fd = connect_to(argv[3]); /* not before it is sure that there is a trap */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (chdir(argv[2]) < 0)
    fuse_die(argv[2]);
  printf("%d %d\n", server, getpid());
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    int error = strcmp(line, "ask\n") == 0      ? ask(fd)
                : strcmp(line, "urgent\n") == 0 ? pass(fd, MSG_OOB)
                                                : pass(fd, 0);
    if (error)
      printf("%d\n", error);
    else
      puts("done");
    fflush(stdout);
  }
  for (;;)
    pause();
}
