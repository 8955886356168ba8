/* A JSON text (RFC 8259) as a flat list of values, read strictly: valid UTF-8
 * only, no NUL, no lone surrogates, no key twice in an object, nothing behind
 * the value, numbers within range.  Limits hold before anything is allocated
 * for what exceeds them.  Built on libyajl's callbacks; its own tree overflows
 * the stack on deep input.  One reader, one thread. */
#ifndef PM_WIRE_JSON_IN_H
#define PM_WIRE_JSON_IN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_json_limits {
  size_t text;     /* bytes of the whole */
  size_t depth;    /* of nested arrays and objects */
  size_t elements; /* of one array */
  size_t members;  /* of one object */
  size_t key;      /* bytes of a key */
};

/* What the server takes (the request: 1024 arguments, 256 variables). */
#define PM_JSON_REQUEST                                                        \
  {                                                                            \
    .text = 256 << 10, .depth = 8, .elements = 1024, .members = 256,           \
    .key = 256                                                                 \
  }
/* What a client takes from a server. */
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
  uint32_t count;  /* of an array or object: what is directly in it */
  uint32_t span;   /* this value and all within it: the next is at + span */
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

/* NULL: no memory.  With limits of up to 1 MiB of text, as those of a request,
 * everything that reading needs is allocated here: reading cannot run out of
 * memory.  Above, it grows with the largest text that was read. */
struct pm_json_in *pm_json_in_new(const struct pm_json_limits *limits);
void pm_json_in_free(struct pm_json_in *in); /* accepts NULL */

/* *ret is valid until the next reading.
 *   -EBADMSG  it is no JSON (RFC 8259), or UTF-8, a NUL, a surrogate is bad
 *   -E2BIG    JSON beyond a limit
 *   -EINVAL   JSON, but a key stands twice or a number is out of range
 *   -ENOMEM
 * It is the first fault from the left, but for those of the text as a whole
 * (size, UTF-8, NULs, surrogates), which are looked for first.  err says what,
 * and how far it was read (byte). */
int pm_json_in_read(struct pm_json_in *in, const char *text, size_t length,
                    const struct pm_json **ret, struct pm_err *err);

/* Walks what is directly in an array or object:
 *   for (v = pm_json_first(o); v; v = pm_json_after(o, v)) */
const struct pm_json *pm_json_first(const struct pm_json *outer);
const struct pm_json *pm_json_after(const struct pm_json *outer,
                                    const struct pm_json *value);
/* NULL: not there, or outer (may be NULL) is no object. */
const struct pm_json *pm_json_member(const struct pm_json *outer,
                                     const char *key);

#endif
