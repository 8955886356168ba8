/* Writes JSON into a buffer piece by piece (libyajl's generator).  The first
 * failure (the buffer's limit, no memory) stays; nothing is written after it,
 * and what the buffer holds of the message is of no use.  Text that is not
 * UTF-8 is written with U+FFFD for each maximal bad part (Unicode 15, 3.9,
 * "substitution of maximal subparts"), and so is a NUL, which the reader
 * refuses. */
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
/* With at most so many decimals, no trailing zeros, and no exponent below 1e17;
 * NaN and infinity are written as null. */
void pm_json_real(struct pm_json_out *out, double value, int decimals);
void pm_json_text(struct pm_json_out *out, const char *text); /* NULL: null */
void pm_json_bytes(struct pm_json_out *out, const char *bytes, size_t length);
/* A member of the open object: key and value. */
void pm_json_put_text(struct pm_json_out *out, const char *key,
                      const char *text);
void pm_json_put_unsigned(struct pm_json_out *out, const char *key,
                          uint64_t value);
void pm_json_put_boolean(struct pm_json_out *out, const char *key, bool value);
/* A value that was read, with all in it, exactly and of the same types. */
void pm_json_copy(struct pm_json_out *out, const struct pm_json *value);

/* Ends a message: a line feed, and ready for the next one. */
void pm_json_message_end(struct pm_json_out *out);

/* 0, or the first failure since the beginning: -EMSGSIZE (the buffer's limit,
 * or more than 127 levels), -ENOMEM, or -EINVAL (called in an order that makes
 * no JSON). */
int pm_json_out_status(const struct pm_json_out *out);

#endif
