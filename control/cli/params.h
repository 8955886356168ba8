/* The parameters of a request.  Names and texts are borrowed. */
#ifndef PM_CLI_PARAMS_H
#define PM_CLI_PARAMS_H

#include "wire/json_out.h"

#include <stddef.h>

struct ctl_param {
  const char *name; /* OBJECT.MEMBER within an object, as in method.def */
  enum {
    CTL_PARAM_TEXT,
    CTL_PARAM_INTEGER,
    CTL_PARAM_NUMBER,
    CTL_PARAM_BOOLEAN,
    CTL_PARAM_TEXTS,
    CTL_PARAM_TEXT_MAP
  } type;
  const char *text;
  int64_t integer;
  double number;
  const char *const *texts;
  size_t count;
  bool hint; /* may be left out for an older server */
};

enum { CTL_PARAMS = 40, CTL_DECIMALS = 6 };

struct ctl_params {
  struct ctl_param list[CTL_PARAMS];
  size_t count;
};

/* Add a parameter; nothing for NULL or for no texts. */
void ctl_params_text(struct ctl_params *params, const char *name,
                     const char *text);
void ctl_params_texts(struct ctl_params *params, const char *name,
                      const char *const *texts, size_t count);
/* An object of texts NAME=VALUE, or NAME: the value is that of our environment.
 * Of several of one name the last one counts. */
void ctl_params_text_map(struct ctl_params *params, const char *name,
                         const char *const *texts, size_t count);
void ctl_params_integer(struct ctl_params *params, const char *name,
                        int64_t value);
void ctl_params_number(struct ctl_params *params, const char *name,
                       double value);
void ctl_params_boolean(struct ctl_params *params, const char *name,
                        bool value);
/* Marks the parameter, if there is one of that name, as a hint: the call makes
 * sense without it. */
void ctl_params_hint(struct ctl_params *params, const char *name);
/* Removes the parameter and returns true if it is a hint. */
bool ctl_params_drop(struct ctl_params *params, const char *name);

/* Writes them as an object; OBJECT.MEMBERs of one object must be adjacent. */
void ctl_params_put(const struct ctl_params *params, struct pm_json_out *out);

#endif
