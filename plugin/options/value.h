/* What an option's value may be: text, flag, count, words, or words out of a
 * list.  Each setter stores the value at `at`; false: it is not valid, or there
 * is no memory.  Both end in a refused configuration. */
#ifndef PM_OPTIONS_VALUE_H
#define PM_OPTIONS_VALUE_H

#include "base/words.h"

#include "collectd/liboconfig/oconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_option {
  const char *name;
  bool (*set)(const struct pm_option *option, const oconfig_item_t *item,
              void *at);
  size_t offset; /* of the member in the struct that the table is for */
  double min, max;
  const char *valid; /* what would be, for people */
};

/* The i-th value if it is a text; borrowed from the item. */
bool pm_value_text(const oconfig_item_t *item, int i, const char **ret);

/* at: char *, which the setter frees and owns anew. */
bool pm_value_set_text(const struct pm_option *option,
                       const oconfig_item_t *item, void *at);
bool pm_value_set_flag(const struct pm_option *option,
                       const oconfig_item_t *item, void *at); /* bool */
bool pm_value_set_count(const struct pm_option *option,
                        const oconfig_item_t *item, void *at); /* uint32_t */

/* at: struct pm_words.  Lists grow: an option may stand on several lines. */
bool pm_value_set_words(const struct pm_option *option,
                        const oconfig_item_t *item, void *at);

/* The index in `words` of each value, in order.  Returns how many, or -1 for
 * one that is not in the list or stands there twice. */
int pm_value_indexes(const oconfig_item_t *item, const char *const *words,
                     int word_count, int *ret);

#endif
