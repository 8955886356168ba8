/* Are two texts of JSON the same, once they are read? */
#ifndef PM_UNIT_SUPPORT_JSON_EQUAL_H
#define PM_UNIT_SUPPORT_JSON_EQUAL_H

#include <stdbool.h>

struct pm_json;

/* In types, order, keys and values, real numbers to the bit. */
bool json_equal(const struct pm_json *a, const struct pm_json *b);

#endif
