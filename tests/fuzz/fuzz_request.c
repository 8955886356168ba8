/* A stream as the server reads it: frames, JSON, requests.  Of what is taken,
 * every parameter can be fetched as what it is; of what is not, there is a code
 * and a reason. */
#include "server/params.h"
#include "server/request.h"

#include "wire/frame.h"

#include "fuzz/fuzz.h"

#include <math.h>
#include <string.h>

static void fetch(const struct pm_json *params, const struct pm_param *p) {
  const struct pm_json *v = pm_param_find(params, p->name);
  struct pm_request_id id;
  if (!v) {
    FUZZ_HOLDS(p->need != PM_NEED_NEEDED);
    return;
  }
  double number = 0;
  switch (p->type) {
  case PM_PARAM_INTEGER:
    number = (double)pm_param_integer(params, p->name, 0);
    FUZZ_HOLDS(number >= p->min && number <= p->max);
    break;
  case PM_PARAM_NUMBER:
    number = pm_param_number(params, p->name, (double)NAN);
    FUZZ_HOLDS(number >= p->min && number <= p->max);
    break;
  case PM_PARAM_TEXT:
    number = (double)strlen(pm_param_text(params, p->name, NULL));
    FUZZ_HOLDS(number >= p->min && number <= p->max);
    break;
  case PM_PARAM_TEXTS:
    for (const struct pm_json *e = pm_json_first(v); e; e = pm_json_after(v, e))
      FUZZ_HOLDS(strlen(e->text) == e->length && ++number <= p->max);
    FUZZ_HOLDS(number >= p->min);
    break;
  case PM_PARAM_OBJECT:
    FUZZ_HOLDS(v->type == PM_JSON_OBJECT);
    break;
  case PM_PARAM_ID:
    FUZZ_HOLDS(pm_request_id_of(v, &id) && pm_request_id_same(&id, &id));
    break;
  case PM_PARAM_BOOLEAN:
    FUZZ_HOLDS(v->type == PM_JSON_BOOLEAN);
    break;
  case PM_PARAM_TEXT_MAP:
    for (const struct pm_json *e = pm_json_first(v); e; e = pm_json_after(v, e))
      FUZZ_HOLDS(*e->key && strlen(e->text) == e->length && ++number <= p->max);
    FUZZ_HOLDS(number >= p->min);
    break;
  case PM_PARAM_SIGNAL:
    number = pm_param_signal(params, p->name);
    FUZZ_HOLDS(number >= 0 && number <= 64);
    break;
  }
}

static void take(struct pm_json_in *in, const char *text, size_t length) {
  const struct pm_json *root;
  struct pm_request r;
  struct pm_failure f = {0};
  if (pm_json_in_read(in, text, length, &root, NULL) < 0)
    return;
  if (pm_request_read(root, &r, &f) < 0) {
    FUZZ_HOLDS(f.code > PM_CODE_NOT_JSON && f.code <= PM_CODE_BAD_PARAMETER);
    FUZZ_HOLDS(f.message[0] && memchr(f.message, '\0', sizeof f.message));
    FUZZ_HOLDS(f.code == PM_CODE_BAD_PARAMETER || !f.parameter[0]);
    return;
  }
  FUZZ_HOLDS(r.id.kind != PM_ID_NONE && r.method);
  FUZZ_HOLDS(strlen(r.id.text) <= PM_ID_TEXT);
  for (const struct pm_param *p = r.method->params; p->name; p++)
    fetch(r.params, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct pm_json_limits limits = PM_JSON_REQUEST;
  static struct pm_json_in *in;
  struct pm_frame frame;
  char *text;
  if (!in)
    in = pm_json_in_new(&limits);
  FUZZ_HOLDS(in);
  pm_frame_init(&frame, 256 << 10);
  while (size > 0) {
    size_t room, length;
    if (pm_frame_room(&frame, &text, &room) < 0)
      break;
    room = room < size ? room : size;
    memcpy(text, data, room);
    pm_frame_filled(&frame, room);
    data += room;
    size -= room;
    if (size == 0)
      pm_frame_end(&frame);
    while (pm_frame_next(&frame, &text, &length))
      take(in, text, length);
  }
  pm_frame_done(&frame);
  return 0;
}
