#include "cli/commands.h"
#include "wire/method.h"

#include "pm_config.h"

static enum ctl_status run_version(struct ctl *ctl,
                                   const struct ctl_args *args) {
  (void)args;
  if (ctl->json)
    printf("{\"version\":\"%s\",\"protocol\":%d}\n", PACKAGE_VERSION,
           PM_PROTOCOL);
  else
    printf("procmanctl %s, protocol %d\n", PACKAGE_VERSION, PM_PROTOCOL);
  return CTL_DONE;
}

const struct ctl_command ctl_cmd_version = {
    .name = "version",
    .operands = "",
    .what = "prints the version of procmanctl; \"hello\" shows the server's",
    .run = run_version,
};
