/* Writes JSON into a buffer piece by piece (libyajl's generator).  The first
 * failure (the buffer's limit, no memory) is kept: nothing is written after it,
 * and the message in the buffer is incomplete.  In text that is not UTF-8 each
 * maximal bad part becomes U+FFFD (Unicode 15, 3.9, "substitution of maximal
 * subparts"), and so does a NUL, which the parser refuses. */
#ifndef PM_WIRE_JSON_OUT_H
#define PM_WIRE_JSON_OUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct pm_json_out;
struct pm_json;

/* Writes to buf (borrowed).  NULL: no memory. */
struct pm_json_out *pm_json_out_new(struct pm_buf *buf);
void pm_json_out_free(struct pm_json_out *out); /* accepts NULL */

void pm_json_object(struct pm_json_out *out);
void pm_json_object_end(struct pm_json_out *out);
void pm_json_array(struct pm_json_out *out);
void pm_json_array_end(struct pm_json_out *out);
void pm_json_key(struct pm_json_out *out, const char *key);

void pm_json_null(struct pm_json_out *out);
void pm_json_boolean(struct pm_json_out *out, bool value);
void pm_json_integer(struct pm_json_out *out, int64_t value);
void pm_json_unsigned(struct pm_json_out *out, uint64_t value);
/* With at most `decimals` decimals, without trailing zeros, and without an
 * exponent below 1e17; NaN and infinity become null. */
void pm_json_real(struct pm_json_out *out, double value, int decimals);
void pm_json_text(struct pm_json_out *out, const char *text); /* NULL: null */
void pm_json_bytes(struct pm_json_out *out, const char *bytes, size_t length);
/* Values of the open array that are JSON already, with commas between. */
void pm_json_raw(struct pm_json_out *out, const char *json, size_t length);
/* A member of the open object: key and value. */
void pm_json_put_text(struct pm_json_out *out, const char *key,
                      const char *text);
void pm_json_put_unsigned(struct pm_json_out *out, const char *key,
                          uint64_t value);
void pm_json_put_boolean(struct pm_json_out *out, const char *key, bool value);
/* A parsed value with everything in it; types and numbers are kept. */
void pm_json_copy(struct pm_json_out *out, const struct pm_json *value);

/* Ends a message with a line feed; the next one may follow. */
void pm_json_message_end(struct pm_json_out *out);

/* 0, or the first failure since the beginning: -EMSGSIZE (the buffer's limit,
 * or more than 127 levels), -ENOMEM, or -EINVAL (the calls do not make valid
 * JSON). */
int pm_json_out_status(const struct pm_json_out *out);

#endif
