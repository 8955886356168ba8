/* Chooses the sampler: the one that is named, or the first that opens.
 * Belongs to the tick's thread. */
#ifndef PM_CORE_SAMPLER_SAMPLE_H
#define PM_CORE_SAMPLER_SAMPLE_H

#include "core/sampler/sampler.h"

/* name: "auto" or one of the list; root and reader must outlive the sampler.
 * -EINVAL: there is no such name; otherwise the error of the last one tried. */
int pm_sample_open(struct pm_sampler *ret, const char *name,
                   const struct pm_root *root, struct pm_reader *reader,
                   struct pm_err *err);
void pm_sample_close(struct pm_sampler *sampler); /* accepts a zeroed one */

/* The names that pm_sample_open knows, "auto" first, NULL-terminated. */
extern const char *const pm_sample_names[];

#endif
