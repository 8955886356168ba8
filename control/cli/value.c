#include "cli/value.h"

#include "cli/print.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double ctl_number_of(const struct pm_json *value) {
  if (value && value->type == PM_JSON_INTEGER)
    return (double)value->integer;
  return value && value->type == PM_JSON_REAL ? value->real : (double)NAN;
}

double ctl_number(const struct pm_json *object, const char *key) {
  return ctl_number_of(pm_json_member(object, key));
}

const char *ctl_text(const struct pm_json *object, const char *key) {
  const struct pm_json *v = pm_json_member(object, key);
  return v && v->type == PM_JSON_STRING ? v->text : NULL;
}

static bool is_boolean(const struct pm_json *object, const char *key,
                       bool want) {
  const struct pm_json *v = pm_json_member(object, key);
  return v && v->type == PM_JSON_BOOLEAN && v->boolean == want;
}

bool ctl_is_true(const struct pm_json *object, const char *key) {
  return is_boolean(object, key, true);
}

bool ctl_is_false(const struct pm_json *object, const char *key) {
  return is_boolean(object, key, false);
}

const struct pm_json *ctl_first(const struct pm_json *outer) {
  if (!outer || (outer->type != PM_JSON_ARRAY && outer->type != PM_JSON_OBJECT))
    return NULL;
  return pm_json_first(outer);
}

const struct pm_json *ctl_element(const struct pm_json *array, size_t index) {
  const struct pm_json *v = ctl_first(array);
  while (v && index-- > 0)
    v = pm_json_after(array, v);
  return v;
}

char *ctl_join_texts(const struct pm_json *array) {
  struct pm_buf buf = PM_BUF_INIT(SIZE_MAX / 2);
  for (const struct pm_json *v = ctl_first(array); v;
       v = pm_json_after(array, v)) {
    char digits[32];
    const char *text = v->type == PM_JSON_STRING ? v->text : digits;
    ctl_count(ctl_number_of(v), digits);
    if ((buf.length > 0 && pm_buf_add(&buf, ", ", 2) < 0) ||
        pm_buf_add(&buf, text, strlen(text)) < 0)
      ctl_out_of_memory();
  }
  if (buf.length > 0 && pm_buf_add(&buf, "", 1) < 0)
    ctl_out_of_memory();
  return buf.data;
}

bool ctl_read_integer(const char *text, int64_t min, int64_t max,
                      int64_t *ret) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (!isdigit((unsigned char)*text) || *end || errno || value < min ||
      value > max)
    return false;
  *ret = value;
  return true;
}

bool ctl_read_size(const char *text, int64_t max, int64_t *ret) {
  static const char units[] = "KMG";
  size_t n = strspn(text, "0123456789");
  const char *unit = text[n] ? strchr(units, text[n]) : NULL;
  int shift = unit ? 10 * (int)(unit - units + 1) : 0;
  char digits[24];
  if (n >= sizeof digits || (text[n] && (!unit || text[n + 1])))
    return false;
  snprintf(digits, sizeof digits, "%.*s", (int)n, text);
  if (!ctl_read_integer(digits, 0, max >> shift, ret))
    return false;
  *ret <<= shift;
  return true;
}

bool ctl_read_number(const char *text, double min, double max, double *ret) {
  char *end;
  if (strspn(text, "0123456789.") != strlen(text) || !*text)
    return false;
  double value = strtod(text, &end);
  if (*end || !(value >= min && value <= max))
    return false;
  *ret = value;
  return true;
}
