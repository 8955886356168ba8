#include "server/request.h"

#include "server/params.h"

#include <string.h>

static int check_envelope(const struct pm_json *root, struct pm_failure *f) {
  for (const struct pm_json *v = pm_json_first(root); v;
       v = pm_json_after(root, v))
    if (strcmp(v->key, "jsonrpc") != 0 && strcmp(v->key, "id") != 0 &&
        strcmp(v->key, "method") != 0 && strcmp(v->key, "params") != 0)
      return pm_fail(f, PM_CODE_NO_REQUEST,
                     "a request has jsonrpc, id, method and params, not %.48s",
                     v->key);
  const struct pm_json *version = pm_json_member(root, "jsonrpc");
  if (!version || version->type != PM_JSON_STRING ||
      strcmp(version->text, "2.0") != 0)
    return pm_fail(f, PM_CODE_NO_REQUEST, "jsonrpc must be \"2.0\"");
  return 0;
}

int pm_request_read(const struct pm_json *root, struct pm_request *ret,
                    struct pm_failure *f) {
  *ret = (struct pm_request){0};
  if (root->type == PM_JSON_ARRAY)
    return pm_fail(f, PM_CODE_NO_REQUEST,
                   "batches are not served: write one request a line");
  if (root->type != PM_JSON_OBJECT)
    return pm_fail(f, PM_CODE_NO_REQUEST, "a request is an object");
  bool has_id = pm_request_id_of(pm_json_member(root, "id"), &ret->id);
  if (check_envelope(root, f) < 0)
    return -1;
  if (!has_id)
    return pm_fail(f, PM_CODE_NO_REQUEST,
                   "id must be an integer or a text of at most %d bytes",
                   PM_ID_TEXT);
  const struct pm_json *method = pm_json_member(root, "method");
  if (!method || method->type != PM_JSON_STRING)
    return pm_fail(f, PM_CODE_NO_REQUEST, "method must be a text");
  ret->method = pm_method_find(method->text);
  if (!ret->method)
    return pm_fail(f, PM_CODE_NO_METHOD,
                   "there is no method %.64s; describe lists them",
                   method->text);
  ret->params = pm_json_member(root, "params");
  if (pm_params_check(ret->method, ret->params, f) < 0)
    return -1;
  ret->stream = ret->method->answer == PM_ANSWER_STREAM ||
                (ret->method->answer == PM_ANSWER_FOLLOW &&
                 pm_param_boolean(ret->params, "follow", false));
  return 0;
}
