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
void pm_options_control_done(struct pm_control_options *options);

#endif
