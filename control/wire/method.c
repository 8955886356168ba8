#include "wire/method.h"

#include <string.h>

/* the parameters of each method */
#define PM_METHOD(ident, level, answer, what)                                  \
  static const struct pm_param params_of_##ident[] = {
#define PM_PARAM(name, type, need, min, max, what)                             \
  {name, PM_PARAM_##type, PM_NEED_##need, min, max, what},
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)                                                   \
  { 0 }                                                                        \
  }                                                                            \
  ;
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT

/* its results */
#define PM_METHOD(ident, level, answer, what)                                  \
  static const struct pm_result results_of_##ident[] = {
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what) {name, type, what},
#include "wire/method.def"
#undef PM_METHOD
#undef PM_RESULT
#undef PM_METHOD_END

const struct pm_method pm_methods[PM_METHOD_COUNT] = {
#define PM_METHOD(ident, level, answer, what)                                  \
  [PM_METHOD_##ident] = {#ident, PM_LEVEL_##level,  PM_ANSWER_##answer,        \
                         what,   params_of_##ident, results_of_##ident},
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END
};

const struct pm_method *pm_method_find(const char *name) {
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    if (strcmp(pm_methods[i].name, name) == 0)
      return &pm_methods[i];
  return NULL;
}

const char *pm_param_type_name(enum pm_param_type type) {
  static const char *const names[] = {
      [PM_PARAM_INTEGER] = "integer",
      [PM_PARAM_NUMBER] = "number",
      [PM_PARAM_TEXT] = "text",
      [PM_PARAM_TEXTS] = "array of texts",
      [PM_PARAM_OBJECT] = "object",
      [PM_PARAM_ID] = "integer or text",
      [PM_PARAM_SIGNAL] = "signal",
      [PM_PARAM_BOOLEAN] = "boolean",
      [PM_PARAM_TEXT_MAP] = "object of texts",
  };
  return names[type];
}

const char *pm_answer_name(enum pm_answer answer) {
  static const char *const names[] = {[PM_ANSWER_ONE] = "one",
                                      [PM_ANSWER_STREAM] = "stream",
                                      [PM_ANSWER_FOLLOW] = "one or stream"};
  return names[answer];
}
