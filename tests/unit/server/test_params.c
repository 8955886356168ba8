/* Kinds of parameters that few methods have, by a method made up for it; those
 * of the real table are in test_request. */
#include "server/params.h"

#include "unit/support/check.h"

#include <string.h>

static const struct pm_param table[] = {
    {"pid", PM_PARAM_INTEGER, PM_NEED_ONE_OF, 1, 9, ""},
    {"job_id", PM_PARAM_TEXT, PM_NEED_ONE_OF, 1, 9, ""},
    {"env", PM_PARAM_TEXT_MAP, PM_NEED_OPTIONAL, 1, 2, ""},
    {"follow", PM_PARAM_BOOLEAN, PM_NEED_OPTIONAL, 0, 0, ""},
    {0},
};
static const struct pm_method method = {.name = "m", .params = table};

static void kinds(void **state) {
  (void)state;
  static const struct {
    const char *text, *parameter, *message;
  } rows[] = {
      {"{\"pid\":1}", "", ""},
      {"{\"job_id\":\"a\"}", "", ""},
      {"{}", "job_id", "m needs pid or job_id"},
      {"{\"follow\":true}", "job_id", "m needs pid or job_id"},
      {"{\"pid\":1,\"job_id\":\"a\"}", "job_id",
       "m needs pid or job_id, not both"},
      {"{\"pid\":1,\"follow\":false}", "", ""},
      {"{\"pid\":1,\"follow\":0}", "follow", "true or false"},
      {"{\"pid\":1,\"follow\":\"true\"}", "follow", "true or false"},
      {"{\"pid\":1,\"env\":{\"A\":\"1\",\"b.c\":\"\"}}", "", ""},
      {"{\"pid\":1,\"env\":{}}", "env", "1 to 2 texts"},
      {"{\"pid\":1,\"env\":{\"A\":\"\",\"B\":\"\",\"C\":\"\"}}", "env",
       "1 to 2 texts"},
      {"{\"pid\":1,\"env\":{\"A\":1}}", "env", "1 to 2 texts"},
      {"{\"pid\":1,\"env\":{\"\":\"x\"}}", "env", "with names"},
      {"{\"pid\":1,\"env\":[\"A=1\"]}", "env", "1 to 2 texts"},
      {"{\"pid\":1,\"env.A\":\"1\"}", "env.A", "pid, job_id, env, follow"},
  };
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  struct pm_json_in *reader = pm_json_in_new(&limits);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_json *params;
    struct pm_failure f = {0};
    assert_int_equal(pm_json_in_read(reader, rows[i].text, strlen(rows[i].text),
                                     &params, NULL),
                     0);
    int status = pm_params_check(&method, params, &f);
    check_int(rows[i].text, "status", status, *rows[i].message ? -1 : 0);
    check_text(rows[i].text, "parameter", f.parameter, rows[i].parameter);
    check_true(rows[i].text, "message", strstr(f.message, rows[i].message));
  }
  struct pm_failure f;
  check_int("no params", "status", pm_params_check(&method, NULL, &f), -1);
  pm_json_in_free(reader);
  check_end();
}

static void values(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  static const char text[] = "{\"yes\":true,\"no\":false}";
  struct pm_json_in *reader = pm_json_in_new(&limits);
  const struct pm_json *params;
  assert_int_equal(pm_json_in_read(reader, text, strlen(text), &params, NULL),
                   0);
  check_true("yes", "is", pm_param_boolean(params, "yes", false));
  check_true("no", "is not", !pm_param_boolean(params, "no", true));
  check_true("absent", "is what is said", pm_param_boolean(params, "x", true));
  pm_json_in_free(reader);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),
      cmocka_unit_test(values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
