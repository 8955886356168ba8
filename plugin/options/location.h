/* Where an option stands in the configuration.  collectd's parser keeps no line
 * numbers, so the files are searched for it, only after an error. */
#ifndef PM_OPTIONS_LOCATION_H
#define PM_OPTIONS_LOCATION_H

#include "collectd/liboconfig/oconfig.h"

#include <stddef.h>

/* "FILE line N", or "<Plugin procman>" if it cannot be found. */
void pm_location(const oconfig_item_t *item, char *ret, size_t size);

#endif
