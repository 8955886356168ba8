/* Members of a server's result, which is not trusted: a member that is missing,
 * null or of another type counts as unknown. */
#ifndef PM_CLI_VALUE_H
#define PM_CLI_VALUE_H

#include "wire/json_in.h"

/* NaN or NULL if it is unknown; object may be NULL. */
double ctl_number(const struct pm_json *object, const char *key);
const char *ctl_text(const struct pm_json *object, const char *key);
bool ctl_is_true(const struct pm_json *object, const char *key);
/* Is it present and false? */
bool ctl_is_false(const struct pm_json *object, const char *key);
double ctl_number_of(const struct pm_json *value); /* may be NULL */

/* The first value in an array or object; NULL if it is neither. */
const struct pm_json *ctl_first(const struct pm_json *outer);
/* The array's element at that place, or NULL. */
const struct pm_json *ctl_element(const struct pm_json *array, size_t index);
/* The texts of an array joined by ", ", for the caller to free; NULL if there
 * are none. */
char *ctl_join_texts(const struct pm_json *array);

/* Numbers on the command line; false unless the whole text is one, within the
 * range. */
bool ctl_read_integer(const char *text, int64_t min, int64_t max, int64_t *ret);
/* Also with K, M or G behind it: times 1024, ... */
bool ctl_read_size(const char *text, int64_t max, int64_t *ret);
bool ctl_read_number(const char *text, double min, double max, double *ret);

#endif
