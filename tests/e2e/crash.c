/* Runs a program and kills it at the N-th stop at a system call, entry and
 * return: crash N PROGRAM ARGUMENT…  Exit status 0: it was killed; 100: it
 * ended before that; its children are not watched. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int status;
  long left = argc > 2 ? atol(argv[1]) : 0;
  pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[2], argv + 2);
    _exit(99);
  }
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int signal = 0; left > 0;) {
    ptrace(PTRACE_SYSCALL, pid, 0, signal);
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
      return 100;
    signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      signal = 0;
      left--;
    }
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return 0;
}
