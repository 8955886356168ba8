/* The id of a request: an integer or a text that its client chose.  Pure. */
#ifndef PM_SERVER_REQUEST_ID_H
#define PM_SERVER_REQUEST_ID_H

#include "wire/json_in.h"

#include <stdbool.h>
#include <stdint.h>

enum { PM_ID_TEXT = 64 };

struct pm_request_id {
  enum { PM_ID_NONE, PM_ID_INTEGER, PM_ID_WORDS } kind;
  int64_t integer;
  char text[PM_ID_TEXT + 1];
};

bool pm_request_id_same(const struct pm_request_id *a,
                        const struct pm_request_id *b);
/* Of a parameter of type ID. False if it cannot be an id. */
bool pm_request_id_of(const struct pm_json *value, struct pm_request_id *ret);

#endif
