#include "cli/call.h"

#include "base/clean.h"
#include "cli/client.h"
#include "cli/remote.h"
#include "cli/value.h"
#include "wire/json_out.h"
#include "wire/method.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_S = 30 };

/* ---- the connection ---- */

static enum ctl_status connect_to(struct ctl *ctl) {
  struct pm_err err = PM_ERR_INIT;
  if (ctl->client)
    return CTL_DONE;
  int fd =
      ctl->host
          ? ctl_remote_dial(ctl->host, ctl->named_socket ? ctl->socket : NULL,
                            &err)
          : ctl_client_dial(
                ctl->socket ? ctl->socket : ctl_client_default_path(), &err);
  if (fd >= 0 && ctl_client_new(fd, &ctl->client, &err) == 0)
    return CTL_DONE;
  ctl_warn("%s", err.text);
  return err.num == EACCES ? CTL_NOT_PERMITTED : CTL_NO_CONNECTION;
}

void ctl_disconnect(struct ctl *ctl) {
  ctl_client_free(ctl->client);
  ctl->client = NULL;
}

static enum ctl_status connection_lost(struct ctl *ctl, const char *method,
                                       const struct pm_err *err) {
  char end[PM_ERR_TEXT] = "";
  ctl_disconnect(ctl);
  if (ctl->host && ctl_remote_exit(end, sizeof end))
    ctl_warn("%s: %s", method, end);
  else
    ctl_warn("%s: %s", method, err->text);
  return CTL_NO_CONNECTION;
}

/* ---- output ---- */

void ctl_flush(void) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return;
  if (errno != EPIPE)
    ctl_warn("cannot write: %s", strerror(errno));
  _exit(CTL_FAILED);
}

void ctl_print_line(const struct ctl *ctl, const struct pm_buf *json) {
  struct pm_buf shown = PM_BUF_INIT(SIZE_MAX / 2);
  const struct pm_buf *line = json;
  if (ctl->screen.terminal) {
    ctl_escape(&shown, json->data, json->length, CTL_ESCAPE_JSON);
    line = &shown;
  }
  fwrite(line->data, 1, line->length, stdout);
  pm_buf_done(&shown);
  ctl_flush();
}

void ctl_print_json(const struct ctl *ctl, const struct pm_json *value) {
  struct pm_buf buf = PM_BUF_INIT(SIZE_MAX / 2);
  struct pm_json_out *out = pm_json_out_new(&buf);
  if (!out)
    ctl_out_of_memory();
  pm_json_copy(out, value);
  pm_json_message_end(out);
  if (pm_json_out_status(out) < 0)
    ctl_out_of_memory();
  ctl_print_line(ctl, &buf);
  pm_json_out_free(out);
  pm_buf_done(&buf);
}

/* ---- failures ---- */

static const struct {
  const char *code, *help;
} helps[] = {
    {"permission_denied", "; \"procmanctl hello\" shows what you may do"},
    {"not_found", "; \"procmanctl list\" and \"procmanctl jobs\" show what "
                  "there is"},
    {"stale_process", "; \"procmanctl list\" shows what there is now"},
    {"logs_unavailable", ""},
};

static const char *help_for(const char *code) {
  for (size_t i = 0; i < sizeof helps / sizeof *helps; i++)
    if (code && strcmp(helps[i].code, code) == 0)
      return helps[i].help;
  return "";
}

static enum ctl_status failure_status(const struct pm_json *result) {
  const char *code = ctl_text(pm_json_member(result, "error"), "code");
  return code && strcmp(code, "permission_denied") == 0 ? CTL_NOT_PERMITTED
                                                        : CTL_FAILED;
}

static void print_failure(const struct ctl *ctl, const char *method,
                          const struct pm_json *result) {
  const struct pm_json *error = pm_json_member(result, "error");
  const char *code = ctl_text(error, "code"), *num = ctl_text(error, "errno"),
             *message = ctl_text(error, "message");
  if (ctl->json)
    ctl_print_json(ctl, result);
  ctl_warn("%s: %.600s (%.60s%s%.40s)%s", method,
           message ? message : "the server gives no reason",
           code ? code : "no code", num ? ", " : "", num ? num : "",
           help_for(code));
}

static enum ctl_status print_rpc_error(const char *method,
                                       const struct pm_json *error) {
  const char *message = ctl_text(error, "message");
  double code = ctl_number(error, "code");
  if (code == -32601)
    ctl_warn("%s: this server is older than procmanctl and does not have this "
             "method (%.300s)",
             method, message ? message : "-32601");
  else
    ctl_warn("%s: the server refuses the request: %.600s (%.0f)", method,
             message ? message : "it gives no reason", code);
  return code == -32602 ? CTL_USAGE : CTL_FAILED;
}

/* ---- responses ---- */

static bool has_id(const struct pm_json *message, int64_t id) {
  const struct pm_json *v = pm_json_member(message, "id");
  return v && v->type == PM_JSON_INTEGER && v->integer == id;
}

/* An error without an id answers the only request that is pending. */
static bool is_answer(const struct pm_json *message, int64_t id) {
  const struct pm_json *v = pm_json_member(message, "id");
  if (pm_json_member(message, "method"))
    return false;
  return has_id(message, id) ||
         (v && v->type == PM_JSON_NULL && pm_json_member(message, "error"));
}

struct exchange {
  const char *method;
  int64_t id;
  double seconds; /* until the timeout; negative: none */
  void (*each)(void *arg, const struct pm_json *item);
  void *arg;
};

static void deliver_item(const struct exchange *x,
                         const struct pm_json *message) {
  const char *method = ctl_text(message, "method");
  const struct pm_json *params = pm_json_member(message, "params");
  const struct pm_json *item = pm_json_member(params, "item");
  if (x->each && method && strcmp(method, "stream") == 0 &&
      has_id(params, x->id) && item)
    x->each(x->arg, item);
}

static enum ctl_status await_answer(struct ctl *ctl, const struct exchange *x,
                                    const struct pm_json **ret) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_json *message;
  for (;;) {
    if (ctl_client_read(ctl->client, x->seconds, &message, &err) < 0)
      return connection_lost(ctl, x->method, &err);
    if (is_answer(message, x->id))
      break;
    deliver_item(x, message);
  }
  *ret = message;
  return CTL_DONE;
}

static enum ctl_status exchange(struct ctl *ctl, struct exchange *x,
                                const struct ctl_params *params,
                                const struct pm_json **ret) {
  struct pm_err err = PM_ERR_INIT;
  enum ctl_status status = connect_to(ctl);
  if (status)
    return status;
  if (ctl_client_send(ctl->client, x->method, params, &x->id, &err) < 0)
    return connection_lost(ctl, x->method, &err);
  return await_answer(ctl, x, ret);
}

/* ---- parameters that an older server lacks ---- */

static const struct pm_json *find_named(const struct pm_json *list,
                                        const char *name) {
  for (const struct pm_json *v = ctl_first(list); v;
       v = pm_json_after(list, v)) {
    const char *text = ctl_text(v, "name");
    if (text && strcmp(text, name) == 0)
      return v;
  }
  return NULL;
}

/* If the server knows the parameter, it was refused for its value. */
static bool server_lacks(struct ctl *ctl, const char *method,
                         const char *parameter) {
  struct exchange x = {.method = "describe", .seconds = PATIENCE_S};
  struct ctl_params params = {.count = 0};
  const struct pm_json *answer;
  ctl_params_text(&params, "method", method);
  if (exchange(ctl, &x, &params, &answer) != CTL_DONE)
    return false;
  const struct pm_json *methods =
      pm_json_member(pm_json_member(answer, "result"), "methods");
  const struct pm_json *known =
      pm_json_member(find_named(methods, method), "parameters");
  return known && !find_named(known, parameter);
}

/* The hint that an error is about, to free(3), or NULL. */
static char *blamed_hint(const struct ctl_params *params,
                         const struct pm_json *error) {
  const char *named = ctl_text(pm_json_member(error, "data"), "parameter");
  struct ctl_params copy = {.count = 0};
  if (params)
    copy = *params;
  if (!named || ctl_number(error, "code") != -32602 ||
      !ctl_params_drop(&copy, named))
    return NULL;
  return strdup(named);
}

/* ---- calls ---- */

/* After an error about a hint the request is repeated: without the hint if the
 * server does not know it, otherwise unchanged, since the call of describe has
 * overwritten the error. */
static enum ctl_status exchange_with_fallback(struct ctl *ctl,
                                              struct exchange *x,
                                              struct ctl_params *params,
                                              const struct pm_json **ret) {
  for (bool last = false;;) {
    enum ctl_status status = exchange(ctl, x, params, ret);
    if (status)
      return status;
    PM_CLEAN_MEM char *hint =
        blamed_hint(params, pm_json_member(*ret, "error"));
    if (!hint || last)
      return CTL_DONE;
    last = !server_lacks(ctl, x->method, hint);
    if (last)
      continue;
    ctl_params_drop(params, hint);
    ctl_warn("%s: this server is older and does not know %s; continuing "
             "without it",
             x->method, hint);
  }
}

static enum ctl_status check_result(struct ctl *ctl, const struct exchange *x,
                                    const struct pm_json *message, bool loud,
                                    const struct pm_json **ret) {
  const struct pm_json *error = pm_json_member(message, "error");
  const struct pm_json *result = pm_json_member(message, "result");
  if (error)
    return print_rpc_error(x->method, error);
  if (!result || result->type != PM_JSON_OBJECT) {
    ctl_warn("%s: the answer has no result", x->method);
    return CTL_FAILED;
  }
  *ret = result;
  if (ctl_is_true(result, "success"))
    return CTL_DONE;
  if (loud)
    print_failure(ctl, x->method, result);
  return failure_status(result);
}

static enum ctl_status call_method(struct ctl *ctl, struct exchange *x,
                                   struct ctl_params *params, bool loud,
                                   const struct pm_json **ret) {
  const struct pm_json *message = NULL;
  enum ctl_status status = exchange_with_fallback(ctl, x, params, &message);
  return status ? status : check_result(ctl, x, message, loud, ret);
}

enum ctl_status ctl_call(struct ctl *ctl, const char *method,
                         struct ctl_params *params, double seconds,
                         const struct pm_json **ret) {
  struct exchange x = {.method = method, .seconds = PATIENCE_S + seconds};
  return call_method(ctl, &x, params, true, ret);
}

enum ctl_status ctl_call_quietly(struct ctl *ctl, const char *method,
                                 struct ctl_params *params,
                                 const struct pm_json **ret) {
  struct exchange x = {.method = method, .seconds = PATIENCE_S};
  return call_method(ctl, &x, params, false, ret);
}

/* ---- many calls ---- */

enum { WINDOW = 16 }; /* what a connection may have under way */

struct window {
  struct ctl *ctl;
  const struct ctl_batch *batch;
  struct exchange x;
  size_t next, left;
  struct {
    int64_t id;
    size_t i;
  } pending[WINDOW];
  size_t count;
  enum ctl_status worst;
};

static enum ctl_status send_next(struct window *w) {
  struct ctl_params params = {.count = 0};
  struct pm_err err = PM_ERR_INIT;
  w->batch->params(w->batch->arg, w->next, &params);
  if (ctl_client_send(w->ctl->client, w->x.method, &params,
                      &w->pending[w->count].id, &err) < 0)
    return connection_lost(w->ctl, w->x.method, &err);
  w->pending[w->count++].i = w->next++;
  return CTL_DONE;
}

static void take_answer(struct window *w, size_t at,
                        const struct pm_json *message) {
  const struct pm_json *result;
  size_t i = w->pending[at].i;
  w->pending[at] = w->pending[--w->count];
  w->left--;
  enum ctl_status status = check_result(w->ctl, &w->x, message, true, &result);
  if (status == CTL_DONE)
    status = w->batch->done(w->batch->arg, i, result);
  w->worst = status > w->worst ? status : w->worst;
}

static enum ctl_status read_next(struct window *w) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_json *message;
  if (ctl_client_read(w->ctl->client, w->x.seconds, &message, &err) < 0)
    return connection_lost(w->ctl, w->x.method, &err);
  for (size_t i = 0; i < w->count; i++)
    if (is_answer(message, w->pending[i].id)) {
      take_answer(w, i, message);
      break;
    }
  return CTL_DONE;
}

enum ctl_status ctl_call_each(struct ctl *ctl, const struct ctl_batch *batch) {
  struct window w = {
      .ctl = ctl,
      .batch = batch,
      .x = {.method = batch->method, .seconds = PATIENCE_S + batch->seconds},
      .left = batch->count};
  enum ctl_status status = connect_to(ctl);
  while (status == CTL_DONE && w.left > 0) {
    if (w.next < batch->count && w.count < WINDOW)
      status = send_next(&w);
    else
      status = read_next(&w);
  }
  return status > w.worst ? status : w.worst;
}

enum ctl_status ctl_call_and_print(struct ctl *ctl, const char *method,
                                   struct ctl_params *params,
                                   void (*show)(const struct ctl *ctl,
                                                const struct pm_json *result)) {
  const struct pm_json *result;
  enum ctl_status status = ctl_call(ctl, method, params, 0, &result);
  if (status)
    return status;
  if (ctl->json)
    ctl_print_json(ctl, result);
  else
    show(ctl, result);
  return CTL_DONE;
}

enum ctl_status ctl_stream(struct ctl *ctl, const char *method,
                           struct ctl_params *params,
                           void (*each)(void *arg, const struct pm_json *item),
                           void *arg, const struct pm_json **ret_end) {
  struct exchange x = {
      .method = method, .seconds = -1, .each = each, .arg = arg};
  const struct pm_json *result;
  enum ctl_status status = call_method(ctl, &x, params, true, &result);
  if (status)
    return status;
  double dropped = ctl_number(result, "dropped");
  if (dropped > 0)
    ctl_warn("%s: %.0f items were dropped because they were not read in time",
             method, dropped);
  if (ret_end)
    *ret_end = result;
  return CTL_DONE;
}
