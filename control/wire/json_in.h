/* Parses a JSON text (RFC 8259) into a flat list of values.  Strict: valid
 * UTF-8 only, no NUL, no unpaired surrogates, no duplicate keys, nothing after
 * the value, numbers within range.  Limits are checked before memory is
 * allocated for what exceeds them.  Uses libyajl's callbacks, since its own
 * tree overflows the stack on deep input.  Not thread-safe. */
#ifndef PM_WIRE_JSON_IN_H
#define PM_WIRE_JSON_IN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_json_limits {
  size_t text;     /* bytes of the whole text */
  size_t depth;    /* of nested arrays and objects */
  size_t elements; /* of one array */
  size_t members;  /* of one object */
  size_t key;      /* bytes of a key */
};

/* What the server accepts. */
#define PM_JSON_REQUEST                                                        \
  {                                                                            \
    .text = 256 << 10, .depth = 8, .elements = 1024, .members = 256,           \
    .key = 256                                                                 \
  }
/* What a client accepts. */
#define PM_JSON_REPLY                                                          \
  {                                                                            \
    .text = 256 << 20, .depth = 16, .elements = 4 << 20, .members = 4096,      \
    .key = 4096                                                                \
  }

enum pm_json_type {
  PM_JSON_NULL,
  PM_JSON_BOOLEAN,
  PM_JSON_INTEGER, /* without fraction and exponent, in int64_t */
  PM_JSON_REAL,
  PM_JSON_STRING,
  PM_JSON_ARRAY,
  PM_JSON_OBJECT,
};

struct pm_json {
  enum pm_json_type type;
  uint32_t count;  /* of an array or object: its direct elements or members */
  uint32_t span;   /* values in all, itself included: the next is at + span */
  uint32_t length; /* of a string */
  const char *key; /* NULL outside an object */
  union {
    bool boolean;
    int64_t integer;
    double real;
    const char *text; /* NUL-terminated UTF-8 */
  };
};

struct pm_json_in;

/* NULL: no memory.  If the text limit is at most 1 MiB, as for requests, all
 * memory is allocated here, and reading cannot run out of it.  Otherwise the
 * memory grows with the largest text that was read. */
struct pm_json_in *pm_json_in_new(const struct pm_json_limits *limits);
void pm_json_in_free(struct pm_json_in *in); /* accepts NULL */

/* *ret is valid until the next call.
 *   -EBADMSG  not JSON (RFC 8259), or bad UTF-8, a NUL, an unpaired surrogate
 *   -E2BIG    JSON beyond a limit
 *   -EINVAL   JSON, but with a duplicate key or a number out of range
 *   -ENOMEM
 * The first fault is reported, but the checks of the whole text (size, UTF-8,
 * NULs, surrogates) come before the others.  err has the fault and its
 * byte. */
int pm_json_in_read(struct pm_json_in *in, const char *text, size_t length,
                    const struct pm_json **ret, struct pm_err *err);

/* The elements of an array or members of an object:
 *   for (v = pm_json_first(o); v; v = pm_json_after(o, v)) */
const struct pm_json *pm_json_first(const struct pm_json *outer);
const struct pm_json *pm_json_after(const struct pm_json *outer,
                                    const struct pm_json *value);
/* NULL: no such member, or outer is NULL or not an object. */
const struct pm_json *pm_json_member(const struct pm_json *outer,
                                     const char *key);

#endif
