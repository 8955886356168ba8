/* The parameters of a request: checked against what method.def says of the
 * method, and read by its code.  Pure. */
#ifndef PM_SERVER_PARAMS_H
#define PM_SERVER_PARAMS_H

#include "policy/failure.h"

#include "wire/json_in.h"
#include "wire/method.h"

#include <stdbool.h>
#include <stdint.h>

/* params: NULL if the request has none. -1: *ret_failure says what is wrong. */
int pm_params_check(const struct pm_method *method,
                    const struct pm_json *params,
                    struct pm_failure *ret_failure);

/* Parameters by name, OBJECT.MEMBER for members of one.  Their types have been
 * checked. */
const struct pm_json *pm_param_find(const struct pm_json *params,
                                    const char *name);
int64_t pm_param_integer(const struct pm_json *params, const char *name,
                         int64_t absent);
double pm_param_number(const struct pm_json *params, const char *name,
                       double absent);
bool pm_param_boolean(const struct pm_json *params, const char *name,
                      bool absent);
const char *pm_param_text(const struct pm_json *params, const char *name,
                          const char *absent);
/* -1 if none was given. */
int pm_param_signal(const struct pm_json *params, const char *name);

#endif
