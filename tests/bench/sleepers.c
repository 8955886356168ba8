/* Starts COUNT sleeping processes and says "ready" when all are there.  Ends
 * and reaps them when its standard input closes or on SIGTERM or SIGINT.
 * usage: sleepers COUNT [NAMES] */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_name(long i, long names) {
  char name[32]; /* the kernel keeps 15 bytes */
  if (names == 1)
    snprintf(name, sizeof name, "sleeper");
  else
    snprintf(name, sizeof name, "sleeper%ld", i % names);
  prctl(PR_SET_NAME, name);
}

/* The order matters: a parent that died before PR_SET_PDEATHSIG sends
 * nothing, so look whether it is still there. */
_Noreturn static void sleep_for_ever(pid_t parent, const sigset_t *mask) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(0);
  /* whoever waits for the parent's output must not wait for us */
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  sigprocmask(SIG_SETMASK, mask, NULL);
  for (;;)
    pause();
}

/* Has somebody told us to end?  timeout as in poll(2). */
static bool is_over(int signals, int timeout) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = signals, .events = POLLIN}};
  char ignored[64];
  if (poll(fds, 2, timeout) <= 0)
    return false;
  return fds[1].revents ||
         (fds[0].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0);
}

enum { LOOK_UP = 256 }; /* processes */

/* Returns how many there are. */
static long start(pid_t *pids, long count, long names, int signals,
                  const sigset_t *mask) {
  pid_t parent = getpid();
  for (long i = 0; i < count; i++) {
    errno = ECANCELED;
    if (i % LOOK_UP == LOOK_UP - 1 && is_over(signals, 0))
      return i;
    set_name(i, names); /* a child has its parent's name: one call, no race */
    pids[i] = fork();
    if (pids[i] < 0)
      return i;
    if (pids[i] == 0)
      sleep_for_ever(parent, mask);
  }
  return count;
}

static void end_all(const pid_t *pids, long count) {
  for (long i = 0; i < count; i++)
    kill(pids[i], SIGKILL);
  for (long i = 0; i < count; i++)
    while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
      ;
}

static bool number(const char *text, long least, long *ret) {
  char *end;
  errno = 0;
  *ret = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *ret >= least;
}

int main(int argc, char **argv) {
  long count, names = 1;
  if (argc < 2 || argc > 3 || !number(argv[1], 0, &count) ||
      (argc == 3 && !number(argv[2], 1, &names))) {
    fprintf(stderr, "usage: sleepers COUNT [NAMES]\n");
    return 2;
  }
  sigset_t ours, before;
  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGINT);
  sigprocmask(SIG_BLOCK, &ours, &before);
  int signals = signalfd(-1, &ours, SFD_CLOEXEC);
  pid_t *pids = calloc((size_t)count + 1, sizeof *pids);
  if (signals < 0 || !pids) {
    perror("sleepers");
    return 1;
  }
  long made = start(pids, count, names, signals, &before);
  if (made == count) {
    printf("ready\n");
    fflush(stdout);
    while (!is_over(signals, -1))
      ;
  } else
    fprintf(stderr, "sleepers: %ld of %ld started: %s\n", made, count,
            strerror(errno));
  end_all(pids, made);
  free(pids);
  close(signals);
  return made == count ? 0 : 1;
}
