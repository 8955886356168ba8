/* Reads options by their tables, and says what is wrong with one: where it
 * stands, what it is, what would be valid. */
#ifndef PM_OPTIONS_READER_H
#define PM_OPTIONS_READER_H

#include "options/options.h"
#include "options/value.h"

struct pm_reader {
  struct pm_options *options;
  void (*log)(const char *text); /* of options that are not known */
  struct pm_err *err;
};

/* One option of a block, by the block's table, into the struct at base.  One
 * that is not known is said, counted, and no error; -EINVAL: its value. */
int pm_reader_option(const struct pm_reader *reading,
                     const oconfig_item_t *item, const struct pm_option *table,
                     size_t count, void *base);

/* The value is not valid, and what would be.  -EINVAL. */
int pm_reader_bad_value(const struct pm_reader *reading,
                        const oconfig_item_t *item, const char *valid);
/* So is a block as a whole.  -EINVAL. */
int pm_reader_bad_block(const struct pm_reader *reading,
                        const oconfig_item_t *block, const char *fault);

#endif
