/* Reads the options of a block by the block's table, and reports what is wrong
 * with one: where it stands, its value, and what would be valid.
 * Everything that it points to is the caller's. */
#ifndef PM_OPTIONS_READER_H
#define PM_OPTIONS_READER_H

#include "base/err.h"
#include "options/value.h"

/* Options that this version does not know. */
struct pm_unknown_options {
  uint32_t count;
  char first[256]; /* the message about the first of them */
};

struct pm_reader {
  struct pm_unknown_options *unknown;
  void (*log)(const char *text); /* what is no error */
  struct pm_err *err;
};

/* Reads one option of a block into the struct at base.  An unknown option is
 * logged and counted, and is no error; -EINVAL: the value is not valid. */
int pm_reader_option(const struct pm_reader *reading,
                     const oconfig_item_t *item, const struct pm_option *table,
                     size_t count, void *base);

/* Reports a value that is not valid, and what would be.  Returns -EINVAL. */
int pm_reader_bad_value(const struct pm_reader *reading,
                        const oconfig_item_t *item, const char *valid);
/* Logs what is no error, and what comes of it. */
void pm_reader_warn(const struct pm_reader *reading,
                    const oconfig_item_t *block, const char *fault);
/* Reports a block whose options are not valid together.  Returns -EINVAL. */
int pm_reader_bad_block(const struct pm_reader *reading,
                        const oconfig_item_t *block, const char *fault);

#endif
