/* method.def as tables. */
#ifndef PM_WIRE_METHOD_H
#define PM_WIRE_METHOD_H

#include <stdbool.h>
#include <stddef.h>

enum { PM_PROTOCOL = 1 };

enum pm_method_id {
#define PM_METHOD(ident, level, answer, what) PM_METHOD_##ident,
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END
  PM_METHOD_COUNT
};

enum pm_method_level { PM_LEVEL_READ, PM_LEVEL_LIST, PM_LEVEL_ACT };
enum pm_answer {
  PM_ANSWER_ONE,
  PM_ANSWER_STREAM,
  PM_ANSWER_FOLLOW, /* a stream if the parameter follow is true */
};
enum pm_need {
  PM_NEED_OPTIONAL,
  PM_NEED_NEEDED,
  PM_NEED_ONE_OF, /* exactly one of the method's parameters that say so */
};

enum pm_param_type {
  PM_PARAM_INTEGER,
  PM_PARAM_NUMBER,
  PM_PARAM_TEXT,
  PM_PARAM_TEXTS,
  PM_PARAM_OBJECT,
  PM_PARAM_ID,
  PM_PARAM_SIGNAL,
  PM_PARAM_BOOLEAN,
  PM_PARAM_TEXT_MAP, /* an object with any names, of texts */
};

struct pm_param {
  const char *name; /* NULL ends the list; OBJECT.MEMBER within an object */
  enum pm_param_type type;
  enum pm_need need;
  double min, max;
  const char *what;
};

struct pm_result {
  const char *name; /* NULL ends the list */
  const char *type, *what;
};

struct pm_method {
  const char *name;
  enum pm_method_level level;
  enum pm_answer answer;
  const char *what;
  const struct pm_param *params;
  const struct pm_result *results;
};

/* By enum pm_method_id. */
extern const struct pm_method pm_methods[PM_METHOD_COUNT];

/* NULL: there is no such method. */
const struct pm_method *pm_method_find(const char *name);
/* What they are called on the wire. */
const char *pm_param_type_name(enum pm_param_type type);
const char *pm_answer_name(enum pm_answer answer);

#endif
