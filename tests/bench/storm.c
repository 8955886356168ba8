/* Forks children named "storm" that each burn a little CPU and end, one after
 * the other, for SECONDS; prints how many there were, how long it took and the
 * CPU that wait4(2) says they used, in seconds.  Its own name is another.
 * usage: storm SECONDS MICROSECONDS-EACH */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void burn(double seconds) {
  prctl(PR_SET_NAME, "storm");
  while (now(CLOCK_PROCESS_CPUTIME_ID) < seconds)
    ;
  _exit(0);
}

static double seconds_of(const struct timeval *t) {
  return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static double used_by_children(void) {
  struct rusage r;
  getrusage(RUSAGE_CHILDREN, &r);
  return seconds_of(&r.ru_utime) + seconds_of(&r.ru_stime);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: storm SECONDS MICROSECONDS-EACH\n");
    return 2;
  }
  prctl(PR_SET_NAME, "the-parent");
  double begin = now(CLOCK_MONOTONIC), end = begin + atof(argv[1]);
  long children = 0;
  for (; now(CLOCK_MONOTONIC) < end; children++) {
    pid_t pid = fork();
    if (pid < 0) {
      perror("storm: fork");
      return 1;
    }
    if (pid == 0)
      burn(atof(argv[2]) / 1e6);
    waitpid(pid, NULL, 0);
  }
  double took = now(CLOCK_MONOTONIC) - begin;
  printf("%ld %.6f %.6f\n", children, took, used_by_children());
  return 0;
}
