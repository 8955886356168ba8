/* One process of COUNT threads that sleep: says "ready" when all are there and
 * ends when its standard input closes.  usage: threads COUNT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *sleep_for_ever(void *unused) {
  (void)unused;
  for (;;)
    pause();
  return NULL;
}

int main(int argc, char **argv) {
  long count = argc == 2 ? atol(argv[1]) : -1;
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 32768);
  for (long i = 1; i < count; i++) {
    pthread_t thread;
    int num = pthread_create(&thread, &small, sleep_for_ever, NULL);
    if (num != 0) {
      fprintf(stderr, "threads: %ld of %ld started: %s\n", i, count,
              strerror(num));
      return 1;
    }
  }
  printf("ready\n");
  fflush(stdout);
  char ignored[64];
  while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
    ;
  return 0;
}
