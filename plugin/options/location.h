/* What collectd's parser does not tell of the configuration, so that its files
 * are searched: where an option stands, which is asked after an error; and
 * whether there is a block without anything in it, which the parser drops. */
#ifndef PM_OPTIONS_LOCATION_H
#define PM_OPTIONS_LOCATION_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in a line of the file. */
struct pm_location_of {
  const char *key, *value; /* value NULL: any */
  unsigned before;         /* so many lines with the same stand above it */
};

/* "FILE line N", or "<Plugin procman>" if it cannot be found. */
void pm_location(const struct pm_location_of *of, char *ret, size_t size);

/* Does <KEY> stand in a <Plugin procman>?  path NULL: in the file that collectd
 * was started with.  Files that it includes are searched, too. */
bool pm_location_has_block(const char *path, const char *key);

#endif
