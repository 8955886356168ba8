/* A reader that uses the built procman-hold and is not short of time. */
#ifndef PM_UNIT_SUPPORT_BUILT_READER_H
#define PM_UNIT_SUPPORT_BUILT_READER_H

#include "core/helper/reader.h"

/* For pm_reader_free; root is borrowed. */
struct pm_reader *built_reader(const struct pm_root *root);

#endif
