#include "cli/remote.h"

#include "base/clean.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_MS = 2000, POLL_MS = 10 };

static pid_t child = -1;
static char where[256];

/* A shell on the other machine parses it: within single quotes nothing is
 * special, and a quote is written as '\''.  False: it is too long. */
static bool quote(const char *text, char *ret, size_t size) {
  size_t n = 0;
  for (const char *p = text; *p && n + 8 < size; p++)
    n += (size_t)snprintf(ret + n, size - n, *p == '\'' ? "'\\''" : "%c", *p);
  ret[n] = '\0';
  return strlen(text) * 4 + 8 < size;
}

/* In the child. */
static _Noreturn void exec_ssh(const char *ssh, const char *host,
                               const char *command, int fd) {
  char *argv[] = {(char *)ssh, "-T", (char *)host, "--", (char *)command, NULL};
  if (dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
    execvp(ssh, argv);
  fprintf(stderr, "procmanctl: cannot run %s\n", ssh);
  _exit(127);
}

/* What is run there.  False: the path is too long. */
static bool make_command(const char *socket, char *ret, size_t size) {
  char path[512];
  if (!socket) {
    snprintf(ret, size, "procmanctl dial-stdio");
    return true;
  }
  if (!quote(socket, path, sizeof path))
    return false;
  snprintf(ret, size, "procmanctl -S '%s' dial-stdio", path);
  return true;
}

int ctl_remote_dial(const char *host, const char *socket, struct pm_err *err) {
  char command[640];
  const char *ssh = getenv("PROCMAN_SSH");
  int ends[2];
  if (!*host || *host == '-') /* ssh would take it for an option */
    return pm_err_say(err, EINVAL, "\"%.100s\" is not a valid host", host);
  if (!make_command(socket, command, sizeof command))
    return pm_err_say(err, EINVAL, "the path of the socket is too long");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return pm_err_set(err, errno, "cannot create a pair of sockets");
  fflush(NULL);
  child = fork();
  if (child == 0)
    exec_ssh(ssh && *ssh ? ssh : "ssh", host, command, ends[1]);
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
