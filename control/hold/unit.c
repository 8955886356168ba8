#include "hold/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN "/usr/bin/systemd-run"
#define CTL "/usr/bin/systemctl"

enum { WAIT_MS = 3000, SAID = 1024 };

/* ---- commands ---- */

_Noreturn static void become(const char *path, char *const argv[], int out) {
  char *envp[] = {NULL};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0)
    execve(path, argv, envp);
  _exit(127);
}

static long ms_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until it has closed its streams; what does not fit is left out. */
static int read_said(int from, char *ret, size_t size) {
  long end = ms_now() + WAIT_MS;
  size_t at = 0;
  for (;;) {
    char rest[256];
    bool fits = at + 1 < size;
    long left = end - ms_now();
    struct pollfd p = {.fd = from, .events = POLLIN};
    if (left <= 0 || poll(&p, 1, (int)left) == 0)
      return -ETIMEDOUT;
    ssize_t n =
        read(from, fits ? ret + at : rest, fits ? size - 1 - at : sizeof rest);
    if (n <= 0)
      break;
    at += fits ? (size_t)n : 0;
  }
  ret[at] = '\0';
  return 0;
}

/* Its exit status. */
static int run(const char *path, char *const argv[], char said[SAID]) {
  int ends[2], status = 0;
  *said = '\0';
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -errno;
  pid_t child = fork();
  if (child == 0)
    become(path, argv, ends[1]);
  int forked = child < 0 ? -errno : 0;
  close(ends[1]);
  int result = forked < 0 ? forked : read_said(ends[0], said, SAID);
  close(ends[0]);
  if (child < 0)
    return result;
  if (result < 0)
    kill(child, SIGKILL);
  if (waitpid(child, &status, 0) != child)
    return -errno;
  if (result < 0)
    return result;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

static int control(const char *verb, const char *more, const char *name,
                   char said[SAID]) {
  char *argv[] = {(char *)(uintptr_t) "systemctl",
                  (char *)(uintptr_t) "--no-ask-password",
                  (char *)(uintptr_t)verb,
                  (char *)(uintptr_t)more,
                  (char *)(uintptr_t) "--",
                  (char *)(uintptr_t)name,
                  NULL};
  return run(CTL, argv, said);
}

/* ---- units ---- */

/* Its words are the same in every locale: "Unit … was already loaded or has a
 * fragment file." */
int hold_unit_start(const struct hold_unit_args *args) {
  char said[SAID];
  int status = run(RUN, args->at, said);
  if (status <= 0)
    return status;
  return strstr(said, "already") ? -EEXIST : -EIO;
}

void hold_unit_stop(const char *name) {
  char said[SAID];
  control("stop", "--no-block", name, said);
}

void hold_unit_kill(const char *name) {
  char said[SAID];
  control("kill", "--signal=SIGKILL", name, said);
}

/* ---- what one is ---- */

static const char *find_value(const char *text, const char *key) {
  size_t length = strlen(key);
  for (const char *line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, key, length) == 0)
      return line + length;
  }
  return NULL;
}

int hold_unit_read(const char *text, bool *ret_loaded, long *ret_restarts) {
  const char *state = find_value(text, "LoadState="),
             *restarts = find_value(text, "NRestarts=");
  if (!state)
    return -EBADMSG;
  *ret_loaded = strncmp(state, "loaded\n", 7) == 0;
  *ret_restarts = restarts ? strtol(restarts, NULL, 10) : 0;
  return 0;
}

int hold_unit_look(const char *name, bool *ret_loaded, long *ret_restarts) {
  char said[SAID];
  int status = control("show", "--property=LoadState,NRestarts", name, said);
  if (status != 0)
    return status < 0 ? status : -EIO;
  return hold_unit_read(said, ret_loaded, ret_restarts);
}
