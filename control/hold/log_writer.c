#include "hold/log_writer.h"

#include "wire/json_escape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
  BATCH = 16 << 10,
  AROUND = 256,                        /* of an object, but for its text */
  WITH_RAW = PM_HOLD_LOGS_LINE * 3 / 7 /* a text that is sent a second time */
};

void hold_log_writer_init(struct hold_log_writer *w, bool detail) {
  *w = (struct hold_log_writer){.detail = detail,
                                .json = PM_BUF_INIT(4 * PM_HOLD_LOGS_MESSAGE)};
}

void hold_log_writer_done(struct hold_log_writer *w) { pm_buf_done(&w->json); }

static int send_message(struct hold_log_writer *w,
                        struct pm_hold_logs_message *m, const char *text,
                        size_t length) {
  m->schema = PM_HOLD_SCHEMA;
  m->length = (uint32_t)length;
  struct iovec parts[] = {{m, sizeof *m}, {(char *)(uintptr_t)text, length}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t n;
  do
    n = sendmsg(PM_HOLD_SOCKET, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  w->hung_up |= n < 0;
  return n < 0 ? -EPIPE : 0;
}

/* ---- lines ---- */

static int add(struct pm_buf *b, const char *text) {
  return pm_buf_add(b, text, strlen(text));
}

static int put_base64(struct pm_buf *b, const char *bytes, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = (const unsigned char *)bytes;
  int status = 0;
  for (size_t i = 0; i < length && status == 0; i += 3) {
    size_t n = length - i < 3 ? length - i : 3;
    unsigned v = (unsigned)in[i] << 16 | (n > 1 ? in[i + 1] : 0U) << 8 |
                 (n > 2 ? in[i + 2] : 0U);
    char out[4] = {digits[v >> 18], digits[v >> 12 & 63],
                   n > 1 ? digits[v >> 6 & 63] : '=',
                   n > 2 ? digits[v & 63] : '='};
    status = pm_buf_add(b, out, sizeof out);
  }
  return status;
}

/* What the text does not tell because it is not UTF-8. */
static int put_raw(struct pm_buf *b, const char *bytes, size_t length) {
  int status = add(b, ",\"raw_b64\":\"");
  if (status == 0)
    status = put_base64(b, bytes, length);
  return status < 0 ? status : add(b, "\"");
}

static int put_time(struct pm_buf *b, uint64_t us) {
  char text[AROUND];
  if (!us)
    return add(b, "{\"time\":null");
  snprintf(text, sizeof text, "{\"time\":%" PRIu64 ".%06" PRIu64, us / 1000000,
           us % 1000000);
  return add(b, text);
}

static int open_object(struct pm_buf *b, const struct hold_log_line *line) {
  char text[AROUND];
  const char *quote = line->stream ? "\"" : "";
  int status = put_time(b, line->time_us);
  snprintf(text, sizeof text, ",\"stream\":%s%s%s,\"text\":", quote,
           line->stream ? line->stream : "null", quote);
  return status < 0 ? status : add(b, text);
}

/* Its raw bytes must fit beside it. */
static ptrdiff_t put_text(struct hold_log_writer *w, const char *text,
                          size_t length, bool *ret_changed) {
  size_t before = w->json.length;
  ptrdiff_t n =
      pm_json_escape(&w->json, text, length, PM_HOLD_LOGS_LINE, ret_changed);
  if (n < 0 || !*ret_changed || !w->detail ||
      w->json.length - before + (size_t)n * 4 / 3 < PM_HOLD_LOGS_LINE)
    return n;
  w->json.length = before;
  return pm_json_escape(&w->json, text, length, WITH_RAW, ret_changed);
}

/* One piece; returns how many bytes of the line are in it. */
static ptrdiff_t put_piece(struct hold_log_writer *w,
                           const struct hold_log_line *line, size_t from) {
  struct pm_buf *b = &w->json;
  const char *text = line->text + from;
  size_t length = line->length - from;
  bool changed;
  int status = w->count ? add(b, ",") : 0;
  if (status == 0 && w->detail)
    status = open_object(b, line);
  ptrdiff_t n = status < 0 ? status : put_text(w, text, length, &changed);
  if (n < 0 || !w->detail)
    return n;
  if (changed)
    status = put_raw(b, text, (size_t)n);
  if (status == 0 && (line->more || (size_t)n < length))
    status = add(b, ",\"partial\":true");
  if (status == 0 && line->is_latest)
    status = add(b, ",\"before\":true");
  if (status == 0)
    status = add(b, "}");
  return status < 0 ? status : n;
}

int hold_log_put(struct hold_log_writer *w, const struct hold_log_line *line) {
  size_t at = 0;
  do {
    ptrdiff_t n = put_piece(w, line, at);
    if (n < 0)
      return (int)n;
    w->count++;
    at += (size_t)n;
    int status = w->json.length >= BATCH ? hold_log_flush(w) : 0;
    if (status < 0)
      return status;
  } while (at < line->length);
  return 0;
}

int hold_log_flush(struct hold_log_writer *w) {
  struct pm_hold_logs_message m = {.kind = PM_HOLD_LOGS_LINES,
                                   .count = w->count};
  if (!w->count)
    return 0;
  int status = send_message(w, &m, w->json.data, w->json.length);
  w->json.length = 0;
  w->count = 0;
  return status;
}

/* ---- the rest ---- */

/* Two texts, each with its NUL. */
static int send_texts(struct hold_log_writer *w, struct pm_hold_logs_message *m,
                      const char *first, const char *second) {
  char text[2 * PM_HOLD_LOGS_TEXT];
  snprintf(text, PM_HOLD_LOGS_TEXT, "%s", first);
  size_t n = strlen(text) + 1;
  snprintf(text + n, PM_HOLD_LOGS_TEXT, "%s", second);
  return send_message(w, m, text, n + strlen(text + n) + 1);
}

int hold_log_send_source(struct hold_log_writer *w, const char *source,
                         const char *missing) {
  struct pm_hold_logs_message m = {.kind = PM_HOLD_LOGS_SOURCE};
  return send_texts(w, &m, source, missing);
}

int hold_log_send_end(struct hold_log_writer *w, const char *cursor,
                      const char *reason, bool complete) {
  struct pm_hold_logs_message m = {.kind = PM_HOLD_LOGS_END,
                                   .complete = complete};
  int status = hold_log_flush(w);
  return status < 0 ? status : send_texts(w, &m, cursor, reason);
}

int hold_log_send_refusal(struct hold_log_writer *w, enum pm_hold_stage stage,
                          int num) {
  struct pm_hold_logs_message m = {.kind = PM_HOLD_LOGS_FAILED,
                                   .failure = PM_HOLD_LOGS_IDENTITY,
                                   .stage = stage,
                                   .error = num};
  return send_message(w, &m, "", 0);
}

int hold_log_send_failure(struct hold_log_writer *w,
                          enum pm_hold_logs_failure failure, int num,
                          const char *text) {
  struct pm_hold_logs_message m = {
      .kind = PM_HOLD_LOGS_FAILED, .failure = failure, .error = num};
  return send_message(w, &m, text, strlen(text));
}
