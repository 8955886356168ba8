/* One frame as a JSON-RPC 2.0 request, checked against the method's parameters.
 * Pure; the result points into the JSON reader's memory. */
#ifndef PM_SERVER_REQUEST_H
#define PM_SERVER_REQUEST_H

#include "policy/failure.h"
#include "server/request_id.h"

#include "wire/json_in.h"
#include "wire/method.h"

struct pm_request {
  struct pm_request_id id; /* PM_ID_NONE if there is none */
  const struct pm_method *method;
  const struct pm_json *params; /* NULL: none */
  bool stream;                  /* it is answered by one */
};

/* root: the parsed frame. -1: *ret_failure says what is wrong. */
int pm_request_read(const struct pm_json *root, struct pm_request *ret,
                    struct pm_failure *ret_failure);

#endif
