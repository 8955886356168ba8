/* <Jobs>: where the processes that start_process starts are kept, and how many
 * of them and of their lines. */
#ifndef PM_OPTIONS_OPTIONS_JOBS_H
#define PM_OPTIONS_OPTIONS_JOBS_H

#include "options/reader.h"

#include "control.h"

/* Everything at its default.  False: no memory. */
bool pm_options_jobs_init(struct pm_jobs_options *options);
/* Once; a second block is an error.  -EINVAL, -ENOMEM. */
int pm_options_jobs_read(struct pm_jobs_options *options,
                         const struct pm_reader *reading,
                         const oconfig_item_t *block);
void pm_options_jobs_done(struct pm_jobs_options *options);

#endif
