/* The methods of wire/method.def: pm_method_X is in methods/X.c. */
#ifndef PM_METHODS_METHODS_H
#define PM_METHODS_METHODS_H

#include "server/method.h"

#define PM_METHOD(ident, level, answer, what)                                  \
  extern const struct pm_method_ops pm_method_##ident;
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END

/* By enum pm_method_id; handed to the server by control.c. */
extern const struct pm_method_ops *const pm_method_table[];

#endif
