#include "unit/support/json_equal.h"

#include "wire/json_in.h"

#include <string.h>

static bool same_value(const struct pm_json *a, const struct pm_json *b) {
  switch (a->type) {
  case PM_JSON_BOOLEAN:
    return a->boolean == b->boolean;
  case PM_JSON_INTEGER:
    return a->integer == b->integer;
  case PM_JSON_REAL:
    return memcmp(&a->real, &b->real, sizeof a->real) == 0;
  case PM_JSON_STRING:
    return a->length == b->length && strcmp(a->text, b->text) == 0;
  default:
    return a->count == b->count;
  }
}

static bool same_key(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

bool json_equal(const struct pm_json *a, const struct pm_json *b) {
  if (a->span != b->span)
    return false;
  for (uint32_t i = 0; i < a->span; i++)
    if (a[i].type != b[i].type || a[i].span != b[i].span ||
        !same_value(&a[i], &b[i]) || !same_key(a[i].key, b[i].key))
      return false;
  return true;
}
