/* Runs a program as on Linux before 6.13, which knows neither SO_PASSRIGHTS nor
 * PIDFD_GET_INFO:
 *   old_kernel PROGRAM ARGUMENT...
 * setsockopt(2) says ENOPROTOOPT, ioctl(2) ENOTTY (seccomp(2); needs root). */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PASSRIGHTS = 83, PIDFD = 0xff, GET_INFO = 11 };

#define LOAD(field)                                                            \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Or else steps over so many. */
#define MUST_BE(value, steps)                                                  \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, steps)

int main(int argc, char **argv) {
  struct sock_filter filter[] = {
      LOAD(nr),
      MUST_BE(SYS_ioctl, 4),
      LOAD(args[1]), /* of the request without the size, which grows */
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff),
      MUST_BE(PIDFD << 8 | GET_INFO, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
      LOAD(nr),
      MUST_BE(SYS_setsockopt, 5),
      LOAD(args[1]), /* the lower half, on little endian */
      MUST_BE(SOL_SOCKET, 3),
      LOAD(args[2]),
      MUST_BE(PASSRIGHTS, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (argc < 2)
    return 2;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
    execvp(argv[1], argv + 1);
  perror(argv[1]);
  return 1;
}
