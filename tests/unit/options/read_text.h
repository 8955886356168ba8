/* The options of a text between <Plugin procman> and </Plugin>. */
#ifndef PM_UNIT_OPTIONS_READ_TEXT_H
#define PM_UNIT_OPTIONS_READ_TEXT_H

#include "options/options.h"

/* The status of pm_options_read; pm_options_done() must follow. */
int read_text(const char *text, struct pm_options *ret);

#endif
