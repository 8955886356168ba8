#include "methods/methods.h"

#include "wire/method.h"

const struct pm_method_ops *const pm_method_table[PM_METHOD_COUNT] = {
#define PM_METHOD(ident, level, answer, what)                                  \
  [PM_METHOD_##ident] = &pm_method_##ident,
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END
};
