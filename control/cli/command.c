#include "cli/command.h"

#include <string.h>

const struct ctl_command *
ctl_command_find(const struct ctl_command *const *commands, const char *name) {
  for (; *commands; commands++) {
    const struct ctl_command *c = *commands;
    if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
      return c;
  }
  return NULL;
}
