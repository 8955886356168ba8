/* procman-hold: does what must not be done within collectd, in a process of its
 * own.  Started by procman.so only. */
#include "hold/drop.h"
#include "hold/fdstore.h"
#include "hold/kill.h"
#include "hold/logs.h"
#include "hold/probe.h"
#include "hold/read.h"
#include "hold/remove.h"
#include "hold/save.h"
#include "hold/start.h"

#include <stdio.h>
#include <string.h>

struct mode {
  const char *name;
  int (*run)(int argc, char **argv);
};

static const struct mode modes[] = {
    {"probe", hold_probe},
    {"read", hold_read},
    {"kill", hold_kill},
    {"drop", hold_drop},
    {"logs", hold_logs},
    {"start", hold_start},
    {"remove", hold_remove},
    {"fdstore", hold_fdstore},
    {"save", hold_save},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
    if (strcmp(argv[1], modes[i].name) == 0)
      return modes[i].run(argc - 1, argv + 1);
  fprintf(stderr, "procman-hold: this program is started by collectd's plugin "
                  "procman and is not meant to be run by hand\n");
  return 2;
}
