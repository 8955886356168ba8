#include "server/reply.h"

#include <string.h>

static void put_id(struct pm_json_out *out, const struct pm_request_id *id) {
  pm_json_key(out, "id");
  if (id && id->kind == PM_ID_INTEGER)
    pm_json_integer(out, id->integer);
  else
    pm_json_text(out, id && id->kind == PM_ID_WORDS ? id->text : NULL);
}

static void envelope(struct pm_json_out *out, const struct pm_request_id *id) {
  pm_json_object(out);
  pm_json_put_text(out, "jsonrpc", "2.0");
  put_id(out, id);
}

static void result(struct pm_json_out *out, const struct pm_request_id *id,
                   bool success) {
  envelope(out, id);
  pm_json_key(out, "result");
  pm_json_object(out);
  pm_json_put_boolean(out, "success", success);
}

void pm_reply_open(struct pm_json_out *out, const struct pm_request_id *id) {
  result(out, id, true);
}

void pm_reply_close(struct pm_json_out *out) {
  pm_json_object_end(out);
  pm_json_object_end(out);
  pm_json_message_end(out);
}

static void put_text(struct pm_json_out *out, const char *key,
                     const char *text) {
  if (!text || !*text)
    return;
  pm_json_put_text(out, key, text);
}

static void fault(struct pm_json_out *out, const struct pm_request_id *id,
                  const struct pm_failure *f) {
  envelope(out, id);
  pm_json_key(out, "error");
  pm_json_object(out);
  pm_json_key(out, "code");
  pm_json_integer(out, pm_codes[f->code].number);
  put_text(out, "message", f->message);
  pm_json_key(out, "data");
  pm_json_object(out);
  put_text(out, "code", pm_codes[f->code].word);
  put_text(out, "parameter", f->parameter);
  pm_json_object_end(out);
  pm_reply_close(out);
}

void pm_reply_failure(struct pm_json_out *out, const struct pm_request_id *id,
                      const struct pm_failure *f) {
  if (pm_codes[f->code].number) {
    fault(out, id, f);
    return;
  }
  result(out, id, false);
  pm_json_key(out, "error");
  pm_json_object(out);
  put_text(out, "code", pm_codes[f->code].word);
  put_text(out, "message", f->message);
  put_text(out, "errno", f->num ? strerrorname_np(f->num) : NULL);
  put_text(out, "stage", f->stage);
  pm_json_object_end(out);
  pm_reply_close(out);
}

void pm_reply_item_open(struct pm_json_out *out, const struct pm_request_id *id,
                        uint64_t seq) {
  pm_json_object(out);
  pm_json_put_text(out, "jsonrpc", "2.0");
  pm_json_put_text(out, "method", "stream");
  pm_json_key(out, "params");
  pm_json_object(out);
  put_id(out, id);
  pm_json_put_unsigned(out, "seq", seq);
  pm_json_key(out, "item");
}

void pm_reply_item_close(struct pm_json_out *out) { pm_reply_close(out); }

void pm_reply_stream_end(struct pm_json_out *out,
                         const struct pm_request_id *id, const char *reason,
                         uint64_t dropped) {
  result(out, id, true);
  put_text(out, "reason", reason);
  pm_json_put_unsigned(out, "dropped", dropped);
  pm_reply_close(out);
}
