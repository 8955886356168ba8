/* <Plugin procman> as option structs.  Values are checked here and nowhere
 * else; what an option may be is one line of a table in options.c. */
#ifndef PM_OPTIONS_OPTIONS_H
#define PM_OPTIONS_OPTIONS_H

#include "control.h"

#include "core/cycle/cycle.h"

#include "collectd/liboconfig/oconfig.h"

struct pm_options {
  struct pm_cycle_options cycle;
  struct pm_control_options control;
  struct pm_words disable; /* globs on PLUGIN/TYPE-INSTANCE */
  bool meta_pid;
  bool strict;            /* an unknown option is fatal */
  uint32_t unknown_count; /* options that this version does not know */
  char unknown[256];      /* what to say of the first of them */
};

/* The words of TopBy. */
extern const char *const pm_options_lists[PM_TOP_COUNT];

/* Everything at its default.  -ENOMEM. */
int pm_options_init(struct pm_options *options);
void pm_options_done(struct pm_options *options);

/* Merges one block.  -EINVAL: a value is not valid; err names place, option,
 * value and what would be valid.  log is told of options that are not known. */
int pm_options_read(struct pm_options *options, const oconfig_item_t *block,
                    void (*log)(const char *text), struct pm_err *err);

#endif
