/* Reads <Plugin procman> into option structs.  Values are checked here and
 * nowhere else; an option is one line of a table in options.c.  Called before
 * collectd starts its threads. */
#ifndef PM_OPTIONS_OPTIONS_H
#define PM_OPTIONS_OPTIONS_H

#include "options/reader.h"

#include "control.h"
#include "core/cycle/cycle.h"

#include "collectd/liboconfig/oconfig.h"

struct pm_options {
  struct pm_cycle_options cycle;
  struct pm_control_options control;
  struct pm_jobs_options jobs;
  bool control_stands; /* there is a <Control> in the file, perhaps an empty one
                        */
  struct pm_words disable; /* globs on PLUGIN/TYPE-INSTANCE */
  bool meta_pid;
  bool strict; /* an unknown option is fatal */
  struct pm_unknown_options unknown;
  struct pm_words seen; /* what the blocks had, for pm_reader */
  uint64_t given;       /* of the options of <Plugin procman>, the same */
};

/* The words of TopBy, ended by NULL. */
extern const char *const pm_options_top_by[PM_TOP_COUNT + 1];

/* Everything at its default.  -ENOMEM. */
int pm_options_init(struct pm_options *options);
void pm_options_done(struct pm_options *options);

/* Merges one block.  -EINVAL: a value is not valid; err names place, option,
 * value and what would be valid.  log is called for each unknown option. */
int pm_options_read(struct pm_options *options, const oconfig_item_t *block,
                    void (*log)(const char *text), struct pm_err *err);

/* After the last block: what several options say together is checked, since
 * each may stand in another block (-EINVAL), or logged if it is no error.  And
 * an empty <Control>, which collectd's parser drops, is found in the file and
 * has its defaults. */
int pm_options_finish(struct pm_options *options, void (*log)(const char *text),
                      struct pm_err *err);

#endif
