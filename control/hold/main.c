/* procman-hold: what must not happen inside collectd, in a process of its own.
 * Started by procman.so and by nobody else; each mode is a file. */
#include "hold/probe.h"

#include <stdio.h>
#include <string.h>

struct mode {
  const char *name;
  int (*run)(int argc, char **argv);
};

static const struct mode modes[] = {
    {"probe", hold_probe},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
    if (strcmp(argv[1], modes[i].name) == 0)
      return modes[i].run(argc - 1, argv + 1);
  fprintf(stderr, "procman-hold: this program is started by collectd's plugin "
                  "procman and has no use by hand\n");
  return 2;
}
