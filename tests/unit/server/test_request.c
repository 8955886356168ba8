/* What is a request, and what is wrong with one that is none. */
#include "server/params.h"
#include "server/request.h"

#include "unit/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pm_json_in *reader;

static int begin(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  reader = pm_json_in_new(&limits);
  return reader ? 0 : -1;
}

static int end(void **state) {
  (void)state;
  pm_json_in_free(reader);
  return 0;
}

static enum pm_code read_one(const char *text, struct pm_request *r,
                             struct pm_failure *f) {
  const struct pm_json *root;
  struct pm_err err = PM_ERR_INIT;
  *f = (struct pm_failure){0};
  if (pm_json_in_read(reader, text, strlen(text), &root, &err) < 0)
    fail_msg("%s: %s", text, err.text);
  int status = pm_request_read(root, r, f);
  check_int(text, "status and code", status, f->code ? -1 : 0);
  check_int(text, "words", f->message[0] != '\0', f->code != PM_CODE_NONE);
  return f->code;
}

/* ---- the envelope ---- */

#define V "\"jsonrpc\":\"2.0\""
#define TEXT_64                                                                \
  "0123456789012345678901234567890123456789012345678901234567890123"

static void envelope(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum pm_code code;
    const char *id; /* as it is given back */
  } rows[] = {
      {"{" V ",\"id\":1,\"method\":\"hello\"}", PM_CODE_NONE, "1"},
      {"{\"id\":-9223372036854775808,\"method\":\"hello\"," V "}", PM_CODE_NONE,
       "-9223372036854775808"},
      {"{" V ",\"id\":\"\",\"method\":\"hello\"}", PM_CODE_NONE, "''"},
      {"{" V ",\"id\":\"" TEXT_64 "\",\"method\":\"hello\",\"params\":{}}",
       PM_CODE_NONE, "'" TEXT_64 "'"},
      {"{" V ",\"id\":\"" TEXT_64 "x\",\"method\":\"hello\"}",
       PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"id\":1.5,\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"id\":null,\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"id\":[1],\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"id\":{},\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"id\":true,\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{" V ",\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "none"},
      {"{\"id\":1,\"method\":\"hello\"}", PM_CODE_NO_REQUEST, "1"},
      {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"hello\"}", PM_CODE_NO_REQUEST,
       "1"},
      {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"hello\"}",
       PM_CODE_NO_REQUEST, "1"},
      {"{" V ",\"id\":1}", PM_CODE_NO_REQUEST, "1"},
      {"{" V ",\"id\":1,\"method\":1}", PM_CODE_NO_REQUEST, "1"},
      {"{" V ",\"id\":1,\"method\":\"\"}", PM_CODE_NO_METHOD, "1"},
      {"{" V ",\"id\":1,\"method\":\"Hello\"}", PM_CODE_NO_METHOD, "1"},
      {"{" V ",\"id\":1,\"method\":\"hell\"}", PM_CODE_NO_METHOD, "1"},
      {"{" V ",\"id\":1,\"method\":\"hello\",\"param\":{}}", PM_CODE_NO_REQUEST,
       "1"},
      {"{" V ",\"id\":1,\"method\":\"hello\",\"params\":[]}",
       PM_CODE_BAD_PARAMETER, "1"},
      {"{" V ",\"id\":1,\"method\":\"hello\",\"params\":null}",
       PM_CODE_BAD_PARAMETER, "1"},
      {"[]", PM_CODE_NO_REQUEST, "none"},
      {"[{" V ",\"id\":1,\"method\":\"hello\"}]", PM_CODE_NO_REQUEST, "none"},
      {"1", PM_CODE_NO_REQUEST, "none"},
      {"null", PM_CODE_NO_REQUEST, "none"},
      {"\"hello\"", PM_CODE_NO_REQUEST, "none"},
      {"{}", PM_CODE_NO_REQUEST, "none"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_request r;
    struct pm_failure f;
    char id[128] = "none";
    check_int(rows[i].text, "code", read_one(rows[i].text, &r, &f),
              rows[i].code);
    if (r.id.kind == PM_ID_INTEGER)
      snprintf(id, sizeof id, "%lld", (long long)r.id.integer);
    else if (r.id.kind == PM_ID_WORDS)
      snprintf(id, sizeof id, "'%s'", r.id.text);
    check_text(rows[i].text, "id", id, rows[i].id);
    check_text(rows[i].text, "parameter", f.parameter, "");
    if (rows[i].code == PM_CODE_NONE)
      check_text(rows[i].text, "method", r.method->name, "hello");
  }
  check_end();
}

static void same_ids(void **state) {
  (void)state;
  static const struct pm_request_id ids[] = {
      {.kind = PM_ID_INTEGER, .integer = 0},
      {.kind = PM_ID_INTEGER, .integer = 1},
      {.kind = PM_ID_INTEGER, .integer = INT64_C(1) << 32},
      {.kind = PM_ID_WORDS, .text = ""},
      {.kind = PM_ID_WORDS, .text = "1"},
      {.kind = PM_ID_WORDS, .text = "a"},
  };
  for (size_t i = 0; i < CHECK_COUNT(ids); i++)
    for (size_t k = 0; k < CHECK_COUNT(ids); k++)
      check_int("ids", "same", pm_request_id_same(&ids[i], &ids[k]), i == k);
  check_end();
}

/* ---- parameters: made from the table ---- */

/* The method's needed parameters but one, and `name` as `value`. */
static const struct pm_param *find_param(const struct pm_method *m,
                                         const char *name) {
  for (const struct pm_param *p = m->params; p->name; p++)
    if (strcmp(p->name, name) == 0)
      return p;
  return NULL;
}

/* Besides `name`: what is needed, and one of those of which one is. */
static bool goes_along(const struct pm_method *m, const struct pm_param *p,
                       const char *name, bool *has_one) {
  const struct pm_param *given = find_param(m, name);
  if (strcmp(p->name, name) == 0 || p->need == PM_NEED_OPTIONAL)
    return false;
  if (p->need == PM_NEED_NEEDED)
    return true;
  bool first = !*has_one && !(given && given->need == PM_NEED_ONE_OF);
  *has_one = true;
  return first;
}

static void compose(const struct pm_method *m, const char *name,
                    const char *value, char *ret, size_t size) {
  const char *dot = strchr(name, '.');
  size_t n = (size_t)snprintf(
      ret, size, "{" V ",\"id\":1,\"method\":\"%s\",\"params\":{", m->name);
  if (dot)
    n += (size_t)snprintf(ret + n, size - n, "\"%.*s\":{\"%s\":%s}",
                          (int)(dot - name), name, dot + 1, value);
  else
    n += (size_t)snprintf(ret + n, size - n, "\"%s\":%s", name, value);
  bool has_one = false;
  for (const struct pm_param *p = m->params; p->name; p++)
    if (goes_along(m, p, name, &has_one))
      n += (size_t)snprintf(ret + n, size - n, ",\"%s\":%s", p->name,
                            p->type == PM_PARAM_TEXT ? "\"x\"" : "1");
  snprintf(ret + n, size - n, "}}");
}

static void try_one(const struct pm_method *m, const struct pm_param *p,
                    const char *value, bool good) {
  char text[1 << 15], row[256];
  struct pm_request r;
  struct pm_failure f;
  compose(m, p->name, value, text, sizeof text);
  snprintf(row, sizeof row, "%s %s=%.100s", m->name, p->name, value);
  check_int(row, "code", read_one(text, &r, &f),
            good ? PM_CODE_NONE : PM_CODE_BAD_PARAMETER);
  check_text(row, "parameter", f.parameter, good ? "" : p->name);
  if (good)
    check_true(row, "is found", pm_param_find(r.params, p->name) != NULL);
}

/* A text of so many bytes, or an array of so many texts. */
static const char *filled(enum pm_param_type type, unsigned count) {
  static char text[1 << 14];
  size_t n = 0;
  text[n++] = type == PM_PARAM_TEXT ? '"' : '[';
  for (unsigned i = 0; i < count; i++)
    n += (size_t)sprintf(text + n, "%s",
                         type == PM_PARAM_TEXT ? "x"
                         : i                   ? ",\"x\""
                                               : "\"x\"");
  sprintf(text + n, "%s", type == PM_PARAM_TEXT ? "\"" : "]");
  return text;
}

static void try_limits(const struct pm_method *m, const struct pm_param *p) {
  char value[64];
  switch (p->type) {
  case PM_PARAM_INTEGER:
  case PM_PARAM_SIGNAL:
    for (int i = 0; i < 4; i++) {
      double v = i < 2 ? p->min - (i == 0) : p->max + (i == 3);
      snprintf(value, sizeof value, "%.0f", v);
      try_one(m, p, value, i == 1 || i == 2);
    }
    break;
  case PM_PARAM_NUMBER:
    for (int i = 0; i < 4; i++) {
      double v = i < 2 ? p->min - (i == 0) * 0.001 : p->max + (i == 3) * 0.001;
      snprintf(value, sizeof value, "%.6f", v);
      try_one(m, p, value, i == 1 || i == 2);
    }
    snprintf(value, sizeof value, "%.0f", p->max); /* an integer is one */
    try_one(m, p, value, true);
    break;
  case PM_PARAM_TEXT:
  case PM_PARAM_TEXTS:
    try_one(m, p, filled(p->type, (unsigned)p->min), true);
    try_one(m, p, filled(p->type, (unsigned)p->max), true);
    try_one(m, p, filled(p->type, (unsigned)p->max + 1), false);
    if (p->min > 0)
      try_one(m, p, filled(p->type, (unsigned)p->min - 1), false);
    break;
  case PM_PARAM_OBJECT:
    try_one(m, p, "{}", true);
    break;
  case PM_PARAM_ID:
    try_one(m, p, "\"" TEXT_64 "\"", true);
    try_one(m, p, "\"" TEXT_64 "x\"", false);
    try_one(m, p, "-1", true);
    break;
  case PM_PARAM_BOOLEAN:
  case PM_PARAM_TEXT_MAP: /* test_params */
    break;
  }
}

/* What of null, true, 1.5, 7, "TERM", "x", [], ["a"], [1], {} is of the type */
static void try_types(const struct pm_method *m, const struct pm_param *p) {
  static const char *const values[] = {"null",     "true",  "1.5", "7",
                                       "\"TERM\"", "\"?\"", "[]",  "[\"a\"]",
                                       "[1]",      "{}"};
  static const char *const good[] = {
      [PM_PARAM_INTEGER] = "---7------", [PM_PARAM_NUMBER] = "--57------",
      [PM_PARAM_TEXT] = "----Tx----",    [PM_PARAM_TEXTS] = "-------a--",
      [PM_PARAM_OBJECT] = "---------o",  [PM_PARAM_ID] = "---7Tx----",
      [PM_PARAM_SIGNAL] = "---7T-----",  [PM_PARAM_BOOLEAN] = "-t--------",
      [PM_PARAM_TEXT_MAP] = "---------o"};
  for (size_t i = 0; i < CHECK_COUNT(values); i++) {
    bool number = p->type == PM_PARAM_INTEGER || p->type == PM_PARAM_NUMBER;
    bool within = p->min <= 7 && 7 <= p->max;
    bool empty = p->type == PM_PARAM_TEXTS && strcmp(values[i], "[]") == 0;
    bool fits = number ? within : !empty;
    try_one(m, p, values[i],
            (empty && p->min == 0) || (fits && good[p->type][i] != '-'));
  }
}

static void every_parameter(void **state) {
  (void)state;
  size_t count = 0;
  for (size_t i = 0; i < PM_METHOD_COUNT; i++)
    for (const struct pm_param *p = pm_methods[i].params; p->name; p++) {
      try_limits(&pm_methods[i], p);
      try_types(&pm_methods[i], p);
      count++;
    }
  check_true("table", "is not empty", count > 10);
  check_end();
}

static void missing_and_unknown(void **state) {
  (void)state;
  for (size_t i = 0; i < PM_METHOD_COUNT; i++) {
    const struct pm_method *m = &pm_methods[i];
    const struct pm_param *needed = m->params;
    char text[1024];
    struct pm_request r;
    struct pm_failure f;
    while (needed->name && needed->need == PM_NEED_OPTIONAL)
      needed++;
    while (needed->need == PM_NEED_ONE_OF && needed[1].need == PM_NEED_ONE_OF)
      needed++; /* it is the last of them that is missed */
    static const char *const params[] = {"", ",\"params\":{}"};
    for (size_t k = 0; k < CHECK_COUNT(params); k++) {
      snprintf(text, sizeof text, "{" V ",\"id\":1,\"method\":\"%s\"%s}",
               m->name, params[k]);
      check_int(m->name, "without", read_one(text, &r, &f),
                needed->name ? PM_CODE_BAD_PARAMETER : PM_CODE_NONE);
      check_text(m->name, "missing", f.parameter,
                 needed->name ? needed->name : "");
    }
    compose(m, "nonsense", "1", text, sizeof text);
    check_int(m->name, "unknown", read_one(text, &r, &f),
              PM_CODE_BAD_PARAMETER);
    check_text(m->name, "unknown", f.parameter, "nonsense");
    for (const struct pm_param *p = m->params; p->name; p++)
      check_true(p->name, "is listed",
                 strchr(p->name, '.') || strstr(f.message, p->name));
  }
  check_end();
}

static void in_an_object(void **state) {
  (void)state;
  static const struct {
    const char *params, *parameter;
  } rows[] = {
      {"{\"filter\":{\"user\":\"a\",\"name\":\"b\"}}", NULL},
      {"{\"filter\":{\"x\":1}}", "filter.x"},
      {"{\"filter\":{\"user\":1}}", "filter.user"},
      {"{\"filter\":{\"user.x\":\"a\"}}", "filter.user.x"},
      {"{\"filter\":{\"filter\":{}}}", "filter.filter"},
      {"{\"filter.user\":\"a\"}", "filter.user"},
      {"{\"user\":\"a\"}", "user"},
      {"{\"\":1}", ""},
      {"{\"filter\":{\"\":1}}", "filter."},
      {"{\"" TEXT_64 "\":1}",
       "012345678901234567890123456789012345678901234567"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[1024];
    struct pm_request r;
    struct pm_failure f;
    snprintf(text, sizeof text,
             "{" V ",\"id\":1,\"method\":\"list_processes\",\"params\":%s}",
             rows[i].params);
    check_int(rows[i].params, "code", read_one(text, &r, &f),
              rows[i].parameter ? PM_CODE_BAD_PARAMETER : PM_CODE_NONE);
    check_text(rows[i].params, "parameter", f.parameter,
               rows[i].parameter ? rows[i].parameter : "");
  }
  check_end();
}

/* ---- for methods ---- */

static void fetching(void **state) {
  (void)state;
  struct pm_request r;
  struct pm_failure f;
  read_one("{" V ",\"id\":1,\"method\":\"list_processes\",\"params\":{"
           "\"limit\":5,\"max_age_seconds\":2,\"sort\":\"pid\","
           "\"filter\":{\"user\":\"me\"}}}",
           &r, &f);
  check_int("limit", "value", pm_param_integer(r.params, "limit", 9), 5);
  check_real("max_age", "value",
             pm_param_number(r.params, "max_age_seconds", 9), 2);
  check_text("sort", "value", pm_param_text(r.params, "sort", "?"), "pid");
  check_text("filter.user", "value",
             pm_param_text(r.params, "filter.user", "?"), "me");
  check_text("filter.name", "absent",
             pm_param_text(r.params, "filter.name", "?"), "?");
  check_int("nothing", "absent", pm_param_integer(NULL, "limit", 9), 9);
  check_real("nothing", "absent", pm_param_number(NULL, "a.b", 0.5), 0.5);
  static const struct {
    const char *params;
    int number;
  } signals[] = {{"{\"pid\":1}", -1},
                 {"{\"pid\":1,\"signal\":9}", 9},
                 {"{\"pid\":1,\"signal\":\"KILL\"}", 9},
                 {"{\"pid\":1,\"signal\":\"sigterm\"}", 15},
                 {"{\"pid\":1,\"signal\":\"0\"}", 0},
                 {"{\"pid\":1,\"signal\":\"RTMAX\"}", 64}};
  for (size_t i = 0; i < CHECK_COUNT(signals); i++) {
    char text[256];
    snprintf(text, sizeof text,
             "{" V ",\"id\":1,\"method\":\"kill_process\",\"params\":%s}",
             signals[i].params);
    read_one(text, &r, &f);
    check_int(signals[i].params, "signal", pm_param_signal(r.params, "signal"),
              signals[i].number);
  }
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(envelope),        HERE(same_ids),
      HERE(every_parameter), HERE(missing_and_unknown),
      HERE(in_an_object),    HERE(fetching),
  };
  return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
