/* <Control> and its <Allow> blocks. */
#ifndef PM_OPTIONS_OPTIONS_CONTROL_H
#define PM_OPTIONS_OPTIONS_CONTROL_H

#include "options/reader.h"

#include "control.h"

/* Everything at its default. */
void pm_options_control_init(struct pm_control_options *options);

/* Once; a second block is an error.  -EINVAL, -ENOMEM. */
int pm_options_control_read(struct pm_control_options *options,
                            const struct pm_reader *reading,
                            const oconfig_item_t *block);
/* Is it the name or the number of a user?  Asks the user database, which may
 * take its time: not while metrics are read. */
bool pm_options_is_user(const char *text);
void pm_options_control_done(struct pm_control_options *options);

#endif
