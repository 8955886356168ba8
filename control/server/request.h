/* One frame as a JSON-RPC 2.0 request, checked against the method's parameters.
 * Pure; the result points into the JSON reader's memory. */
#ifndef PM_SERVER_REQUEST_H
#define PM_SERVER_REQUEST_H

#include "policy/failure.h"

#include "wire/json_in.h"
#include "wire/method.h"

enum { PM_ID_TEXT = 64 };

/* The id of a request: an integer or a string. */
struct pm_request_id {
  enum { PM_ID_NONE, PM_ID_INTEGER, PM_ID_WORDS } kind;
  int64_t integer;
  char text[PM_ID_TEXT + 1];
};

struct pm_request {
  struct pm_request_id id; /* PM_ID_NONE if there is none */
  const struct pm_method *method;
  const struct pm_json *params; /* NULL: none */
};

/* root: the parsed frame. -1: *ret_failure says what is wrong. */
int pm_request_read(const struct pm_json *root, struct pm_request *ret,
                    struct pm_failure *ret_failure);

bool pm_request_id_same(const struct pm_request_id *a,
                        const struct pm_request_id *b);
/* Of a parameter of type ID. False if it cannot be an id. */
bool pm_request_id_of(const struct pm_json *value, struct pm_request_id *ret);

/* Parameters by name, OBJECT.MEMBER for members of one.  Their types have been
 * checked. */
const struct pm_json *pm_param_find(const struct pm_json *params,
                                    const char *name);
int64_t pm_param_integer(const struct pm_json *params, const char *name,
                         int64_t absent);
double pm_param_number(const struct pm_json *params, const char *name,
                       double absent);
const char *pm_param_text(const struct pm_json *params, const char *name,
                          const char *absent);
/* -1 if none was given. */
int pm_param_signal(const struct pm_json *params, const char *name);

#endif
