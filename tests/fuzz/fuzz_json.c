/* Reading any bytes is safe, and what is taken is the same when it is written
 * and read again. */
#include "wire/json_in.h"
#include "wire/json_out.h"

#include "fuzz/fuzz.h"
#include "unit/support/json_equal.h"

#include <errno.h>
#include <string.h>

/* Kept: what an earlier text left must not show, and it is faster. */
static struct pm_json_in *reader(struct pm_json_in **kept,
                                 const struct pm_json_limits *limits) {
  if (!*kept)
    *kept = pm_json_in_new(limits);
  FUZZ_HOLDS(*kept);
  return *kept;
}

static void again(const struct pm_json *value) {
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  struct pm_buf buf = PM_BUF_INIT(64 << 20);
  struct pm_json_out *out = pm_json_out_new(&buf);
  static struct pm_json_in *kept;
  struct pm_json_in *in = reader(&kept, &limits);
  const struct pm_json *copy;
  FUZZ_HOLDS(out);
  pm_json_copy(out, value);
  pm_json_message_end(out);
  FUZZ_HOLDS(pm_json_out_status(out) == 0);
  /* one line: it can be a frame */
  FUZZ_HOLDS(memchr(buf.data, '\n', buf.length) == buf.data + buf.length - 1);
  FUZZ_HOLDS(pm_json_in_read(in, buf.data, buf.length, &copy, NULL) == 0);
  FUZZ_HOLDS(json_equal(value, copy));
  pm_json_out_free(out);
  pm_buf_done(&buf);
}

static int read_with(struct pm_json_in *in, const uint8_t *data, size_t size) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_json *value = NULL;
  int status = pm_json_in_read(in, (const char *)data, size, &value, &err);
  if (status == 0)
    again(value);
  else
    FUZZ_HOLDS(!value && err.num == -status && err.text[0]);
  FUZZ_HOLDS(status == 0 || status == -EBADMSG || status == -E2BIG ||
             status == -EINVAL);
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct pm_json_in *kept[3];
  static const struct pm_json_limits request = PM_JSON_REQUEST,
                                     reply = PM_JSON_REPLY,
                                     tight = {.text = 4096,
                                              .depth = 2,
                                              .elements = 3,
                                              .members = 3,
                                              .key = 4};
  int widest = read_with(reader(&kept[0], &reply), data, size);
  int status = read_with(reader(&kept[1], &request), data, size);
  FUZZ_HOLDS(status == widest || status == -E2BIG);
  status = read_with(reader(&kept[2], &tight), data, size);
  FUZZ_HOLDS(status == widest || status == -E2BIG);
  return 0;
}
