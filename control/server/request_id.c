#include "server/request_id.h"

#include <string.h>

bool pm_request_id_of(const struct pm_json *value, struct pm_request_id *ret) {
  *ret = (struct pm_request_id){.kind = PM_ID_NONE};
  if (!value)
    return false;
  if (value->type == PM_JSON_INTEGER) {
    ret->kind = PM_ID_INTEGER;
    ret->integer = value->integer;
  }
  if (value->type == PM_JSON_STRING && value->length <= PM_ID_TEXT) {
    ret->kind = PM_ID_WORDS;
    memcpy(ret->text, value->text, value->length + 1);
  }
  return ret->kind != PM_ID_NONE;
}

bool pm_request_id_same(const struct pm_request_id *a,
                        const struct pm_request_id *b) {
  return a->kind == b->kind && a->integer == b->integer &&
         strcmp(a->text, b->text) == 0;
}
