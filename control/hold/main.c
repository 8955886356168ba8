/* procman-hold: what must not happen inside collectd, in a process of its own.
 * Started by procman.so and by nobody else; each mode is a file. */
#include "hold/kill.h"
#include "hold/probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct mode {
  const char *name;
  int (*run)(int argc, char **argv);
};

/* Holds the last reference of a connection whose queue may hold descriptors
 * that take their time to close: it is PM_HOLD_SOCKET, and the exit closes it.
 * That may block for as long as their sender likes, and hurts nobody here.
 * Whoever started this closes his own two only after it runs: to end before
 * would make his the last. */
static int drop(int argc, char **argv) {
  (void)argc, (void)argv;
  sleep(1);
  return 0;
}

static const struct mode modes[] = {
    {"probe", hold_probe},
    {"kill", hold_kill},
    {"drop", drop},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
    if (strcmp(argv[1], modes[i].name) == 0)
      return modes[i].run(argc - 1, argv + 1);
  fprintf(stderr, "procman-hold: this program is started by collectd's plugin "
                  "procman and has no use by hand\n");
  return 2;
}
