/* Writes lines whose content is known from their number, to stdout and stderr
 * by turns, until the file STOP exists; then their number, of each, to it.
 *   lines STOP LEAST */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LONG = 70000, BURST = 200 };

static size_t length_of(long n) {
  return n % 997 == 0 ? LONG : (size_t)(n * 7919 % 120);
}

static size_t make(char *line, const char *name, long n) {
  size_t at = (size_t)sprintf(line, "%s%ld:", name, n);
  memset(line + at, 'A' + (int)(n % 26), length_of(n));
  at += length_of(n);
  line[at++] = '\n';
  return at;
}

static int put(int fd, const char *line, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, line + done, length - done);
    if (n < 0)
      return -1;
    done += (size_t)n;
  }
  return 0;
}

int main(int argc, char **argv) {
  static char line[LONG + 100];
  const struct timespec pause = {0, 1000000};
  long n = 0, least = argc > 2 ? atol(argv[2]) : 0;
  while (n < least || access(argv[1], F_OK) < 0) {
    n++;
    if (put(1, line, make(line, "o", n)) < 0 ||
        put(2, line, make(line, "e", n)) < 0)
      return 3;
    if (n % BURST == 0)
      nanosleep(&pause, NULL);
  }
  FILE *to = fopen(argv[1], "w");
  fprintf(to, "%ld", n);
  return fclose(to) ? 4 : 0;
}
