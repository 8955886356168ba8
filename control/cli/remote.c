#include "cli/remote.h"

#include "base/clean.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_MS = 2000, POLL_MS = 10 };

static pid_t child = -1;
static char where[256];

/* In the child.  The arguments are parsed by a shell on the other machine;
 * none of them needs quoting there. */
static _Noreturn void exec_ssh(const char *ssh, const char *host, int fd) {
  char *argv[] = {(char *)ssh,  "-T",         (char *)host, "--",
                  "procmanctl", "dial-stdio", NULL};
  if (dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
    execvp(ssh, argv);
  fprintf(stderr, "procmanctl: cannot run %s\n", ssh);
  _exit(127);
}

int ctl_remote_dial(const char *host, struct pm_err *err) {
  const char *ssh = getenv("PROCMAN_SSH");
  int ends[2];
  if (!*host || *host == '-') /* ssh would take it for an option */
    return pm_err_say(err, EINVAL, "\"%.100s\" is not a valid host", host);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return pm_err_set(err, errno, "cannot create a pair of sockets");
  fflush(NULL);
  child = fork();
  if (child == 0)
    exec_ssh(ssh && *ssh ? ssh : "ssh", host, ends[1]);
  close(ends[1]);
  snprintf(where, sizeof where, "%s", host);
  if (child > 0)
    return ends[0];
  close(ends[0]);
  return pm_err_set(err, errno, "cannot start ssh");
}

/* It has closed its end, so it is about to exit. */
static bool reap_ssh(int *ret_status) {
  for (int ms = 0; ms < EXIT_MS; ms += POLL_MS) {
    pid_t pid = waitpid(child, ret_status, WNOHANG);
    if (pid != 0)
      return pid == child;
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
  }
  return false;
}

bool ctl_remote_exit(char *ret, size_t size) {
  int status;
  if (child <= 0 || !reap_ssh(&status))
    return false;
  child = -1;
  if (WIFSIGNALED(status))
    snprintf(ret, size, "ssh to %s was killed by signal %d", where,
             WTERMSIG(status));
  else
    snprintf(ret, size,
             "the connection to %s has ended (status %d); does \"ssh %s "
             "procmanctl hello\" work?",
             where, WEXITSTATUS(status), where);
  return true;
}
