#include "server/params.h"

#include "server/request_id.h"

#include "wire/signal.h"

#include <stdio.h>
#include <string.h>

/* ---- their types ---- */

static double number(const struct pm_json *v) {
  return v->type == PM_JSON_INTEGER ? (double)v->integer : v->real;
}

static int check_number(const struct pm_param *p, const struct pm_json *v,
                        struct pm_failure *f) {
  bool whole = p->type == PM_PARAM_INTEGER;
  if (v->type != PM_JSON_INTEGER && (whole || v->type != PM_JSON_REAL))
    return pm_fail_parameter(f, p->name, "%s must be %s", p->name,
                             whole ? "an integer" : "a number");
  if (number(v) < p->min || number(v) > p->max)
    return pm_fail_parameter(f, p->name, "%s must be from %.15g to %.15g",
                             p->name, p->min, p->max);
  return 0;
}

static int check_text(const struct pm_param *p, const struct pm_json *v,
                      struct pm_failure *f) {
  if (v->type != PM_JSON_STRING)
    return pm_fail_parameter(f, p->name, "%s must be a text", p->name);
  if (v->length < p->min || v->length > p->max)
    return pm_fail_parameter(f, p->name, "%s must have %.0f to %.0f bytes",
                             p->name, p->min, p->max);
  return 0;
}

static int check_texts(const struct pm_param *p, const struct pm_json *v,
                       struct pm_failure *f) {
  bool fits =
      v->type == PM_JSON_ARRAY && v->count >= p->min && v->count <= p->max;
  if (fits)
    for (const struct pm_json *e = pm_json_first(v); e; e = pm_json_after(v, e))
      fits = fits && e->type == PM_JSON_STRING;
  if (fits)
    return 0;
  return pm_fail_parameter(f, p->name,
                           "%s must be an array of %.0f to %.0f texts", p->name,
                           p->min, p->max);
}

static int check_signal(const struct pm_param *p, const struct pm_json *v,
                        struct pm_failure *f) {
  bool fits = v->type == PM_JSON_INTEGER
                  ? number(v) >= p->min && number(v) <= p->max
                  : v->type == PM_JSON_STRING && pm_signal_number(v->text) >= 0;
  if (fits)
    return 0;
  return pm_fail_parameter(f, p->name,
                           "%s must be the name of a signal, such as TERM, or "
                           "a number from %.0f to %.0f",
                           p->name, p->min, p->max);
}

static int check_object(const struct pm_param *p, const struct pm_json *v,
                        struct pm_failure *f) {
  if (v->type == PM_JSON_OBJECT)
    return 0;
  return pm_fail_parameter(f, p->name, "%s must be an object", p->name);
}

static int check_boolean(const struct pm_param *p, const struct pm_json *v,
                         struct pm_failure *f) {
  if (v->type == PM_JSON_BOOLEAN)
    return 0;
  return pm_fail_parameter(f, p->name, "%s must be true or false", p->name);
}

static int check_text_map(const struct pm_param *p, const struct pm_json *v,
                          struct pm_failure *f) {
  bool fits =
      v->type == PM_JSON_OBJECT && v->count >= p->min && v->count <= p->max;
  if (fits)
    for (const struct pm_json *e = pm_json_first(v); e; e = pm_json_after(v, e))
      fits = fits && e->type == PM_JSON_STRING && *e->key;
  if (fits)
    return 0;
  return pm_fail_parameter(f, p->name,
                           "%s must be an object of %.0f to %.0f texts with "
                           "names",
                           p->name, p->min, p->max);
}

static int check_id(const struct pm_param *p, const struct pm_json *v,
                    struct pm_failure *f) {
  struct pm_request_id id;
  if (pm_request_id_of(v, &id))
    return 0;
  return pm_fail_parameter(f, p->name,
                           "%s must be an integer or a text of at most %d "
                           "bytes",
                           p->name, PM_ID_TEXT);
}

static int check(const struct pm_param *p, const struct pm_json *v,
                 struct pm_failure *f) {
  static int (*const checks[])(const struct pm_param *, const struct pm_json *,
                               struct pm_failure *) = {
      [PM_PARAM_INTEGER] = check_number,    [PM_PARAM_NUMBER] = check_number,
      [PM_PARAM_TEXT] = check_text,         [PM_PARAM_TEXTS] = check_texts,
      [PM_PARAM_OBJECT] = check_object,     [PM_PARAM_ID] = check_id,
      [PM_PARAM_SIGNAL] = check_signal,     [PM_PARAM_BOOLEAN] = check_boolean,
      [PM_PARAM_TEXT_MAP] = check_text_map,
  };
  return checks[p->type](p, v, f);
}

/* ---- which there are ---- */

static const struct pm_param *find(const struct pm_param *table,
                                   const char *name) {
  for (; table->name; table++)
    if (strcmp(table->name, name) == 0)
      return table;
  return NULL;
}

/* "name, sort, ...": the parameters below that prefix. */
static void list_names(const struct pm_param *table, const char *prefix,
                       char *ret, size_t size) {
  size_t n = 0, skip = strlen(prefix);
  ret[0] = '\0';
  for (; table->name; table++) {
    const char *rest = table->name + skip;
    if (strncmp(table->name, prefix, skip) != 0 || strchr(rest, '.'))
      continue;
    int k = snprintf(ret + n, size - n, "%s%s", n ? ", " : "", rest);
    if (k < 0 || (size_t)k >= size - n)
      return;
    n += (size_t)k;
  }
}

/* The members of params, or of a parameter that is an object. */
static int check_members(const struct pm_param *table, const char *prefix,
                         const struct pm_json *object, struct pm_failure *f) {
  for (const struct pm_json *v = pm_json_first(object); v;
       v = pm_json_after(object, v)) {
    char name[96], valid[200];
    snprintf(name, sizeof name, "%s%.48s", prefix, v->key);
    const struct pm_param *p = strchr(v->key, '.') ? NULL : find(table, name);
    if (!p) {
      list_names(table, prefix, valid, sizeof valid);
      return pm_fail_parameter(f, name, "there is no parameter %s; valid: %s",
                               name, *valid ? valid : "none");
    }
    if (check(p, v, f) < 0)
      return -1;
    if (p->type != PM_PARAM_OBJECT)
      continue;
    snprintf(name, sizeof name, "%s.", p->name);
    if (check_members(table, name, v, f) <
        0) /* one level: no name has two dots */
      return -1;
  }
  return 0;
}

/* "pid or job_id": the parameters of which one must be given. */
static void list_one_of(const struct pm_param *table, char *ret, size_t size) {
  size_t n = 0;
  ret[0] = '\0';
  for (; table->name; table++) {
    if (table->need != PM_NEED_ONE_OF)
      continue;
    int k = snprintf(ret + n, size - n, "%s%s", n ? " or " : "", table->name);
    if (k < 0 || (size_t)k >= size - n)
      return;
    n += (size_t)k;
  }
}

static int check_one_of(const struct pm_method *m, const struct pm_json *params,
                        struct pm_failure *f) {
  const struct pm_param *last = NULL;
  unsigned given = 0, possible = 0;
  char names[96];
  for (const struct pm_param *p = m->params; p->name; p++) {
    if (p->need != PM_NEED_ONE_OF)
      continue;
    possible++;
    given += pm_param_find(params, p->name) != NULL;
    last = p;
  }
  if (!possible || given == 1)
    return 0;
  list_one_of(m->params, names, sizeof names);
  return pm_fail_parameter(f, last->name, "%s needs %s%s", m->name, names,
                           given ? ", not both" : "");
}

int pm_params_check(const struct pm_method *m, const struct pm_json *params,
                    struct pm_failure *f) {
  if (params && params->type != PM_JSON_OBJECT)
    return pm_fail(f, PM_CODE_BAD_PARAMETER,
                   "params must be an object: parameters have names");
  if (params && check_members(m->params, "", params, f) < 0)
    return -1;
  if (check_one_of(m, params, f) < 0)
    return -1;
  for (const struct pm_param *p = m->params; p->name; p++)
    if (p->need == PM_NEED_NEEDED && !pm_param_find(params, p->name))
      return pm_fail_parameter(f, p->name, "%s needs the parameter %s", m->name,
                               p->name);
  return 0;
}

/* ---- for methods ---- */

const struct pm_json *pm_param_find(const struct pm_json *params,
                                    const char *name) {
  const char *dot = strchr(name, '.');
  if (!dot)
    return pm_json_member(params, name);
  char outer[64];
  snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
  return pm_json_member(pm_json_member(params, outer), dot + 1);
}

int64_t pm_param_integer(const struct pm_json *params, const char *name,
                         int64_t absent) {
  const struct pm_json *v = pm_param_find(params, name);
  return v ? v->integer : absent;
}

double pm_param_number(const struct pm_json *params, const char *name,
                       double absent) {
  const struct pm_json *v = pm_param_find(params, name);
  return v ? number(v) : absent;
}

bool pm_param_boolean(const struct pm_json *params, const char *name,
                      bool absent) {
  const struct pm_json *v = pm_param_find(params, name);
  return v ? v->boolean : absent;
}

const char *pm_param_text(const struct pm_json *params, const char *name,
                          const char *absent) {
  const struct pm_json *v = pm_param_find(params, name);
  return v ? v->text : absent;
}

int pm_param_signal(const struct pm_json *params, const char *name) {
  const struct pm_json *v = pm_param_find(params, name);
  if (!v)
    return -1;
  return v->type == PM_JSON_INTEGER ? (int)v->integer
                                    : pm_signal_number(v->text);
}
