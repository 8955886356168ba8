#include "wire/json_out.h"

#include "wire/arena.h"
#include "wire/json_in.h"
#include "wire/utf8.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

enum {
  DEPTH = YAJL_MAX_DEPTH - 1,
  GENERATOR = 4096, /* bytes; libyajl 2.1 needs 700 */
  DECIMALS = 17,
  DIGITS = 40, /* of a number as text */
};

/* libyajl does not refuse to close an array as an object, nor a value in place
 * of a key, so the order of the calls is checked here. */
struct pm_json_out {
  yajl_gen gen;
  struct pm_arena arena;
  locale_t c; /* collectd's own locale may have a decimal comma */
  struct pm_buf *buf;
  int status;
  unsigned depth;
  bool object[DEPTH]; /* for each level: an object, not an array */
  bool keyed;         /* a key was written, its value was not */
  bool whole;         /* the message's value is complete */
};

static void set_failure(struct pm_json_out *out, int status) {
  if (out->status == 0)
    out->status = status;
}

static void write_bytes(struct pm_json_out *out, const char *bytes,
                        size_t length) {
  if (out->status < 0)
    return;
  int status = pm_buf_add(out->buf, bytes, length);
  if (status < 0)
    set_failure(out, status);
}

/* libyajl splits a text only at characters that it escapes, never within UTF-8,
 * and passes each escape on its own, so it cannot be confused with text. */
static void on_output(void *ctx, const char *bytes, size_t length) {
  struct pm_json_out *out = ctx;
  static const char nul[] = "\\u0000", repaired[] = "\xef\xbf\xbd";
  if (length == strlen(nul) && memcmp(bytes, nul, length) == 0) {
    write_bytes(out, repaired, strlen(repaired));
    return;
  }
  while (length > 0 && out->status == 0) {
    bool good = true;
    size_t span = pm_utf8_good(bytes, length);
    write_bytes(out, bytes, span);
    bytes += span;
    length -= span;
    span = pm_utf8_span(bytes, length, &good);
    if (span > 0)
      write_bytes(out, repaired, strlen(repaired));
    bytes += span;
    length -= span;
  }
}

static bool make_generator(struct pm_json_out *out) {
  if (pm_arena_begin(&out->arena, GENERATOR) < 0 || setjmp(out->arena.full))
    return false;
  yajl_alloc_funcs funcs = pm_arena_funcs(&out->arena);
  out->gen = yajl_gen_alloc(&funcs);
  return yajl_gen_config(out->gen, yajl_gen_print_callback, on_output, out);
}

struct pm_json_out *pm_json_out_new(struct pm_buf *buf) {
  struct pm_json_out *out = calloc(1, sizeof *out);
  if (!out)
    return NULL;
  out->buf = buf;
  out->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (out->c && make_generator(out))
    return out;
  pm_json_out_free(out);
  return NULL;
}

void pm_json_out_free(struct pm_json_out *out) {
  if (!out)
    return;
  if (out->c)
    freelocale(out->c);
  pm_arena_done(&out->arena);
  free(out);
}

int pm_json_out_status(const struct pm_json_out *out) { return out->status; }

/* ---- the order of calls ---- */

static bool in_object(const struct pm_json_out *out) {
  return out->depth > 0 && out->object[out->depth - 1];
}

/* May a value follow?  Records a failure if not. */
static bool may_write_value(struct pm_json_out *out) {
  if (out->whole || (in_object(out) && !out->keyed))
    set_failure(out, -EINVAL);
  return out->status == 0;
}

static void after_value(struct pm_json_out *out, yajl_gen_status status) {
  if (status != yajl_gen_status_ok)
    set_failure(out, -EINVAL);
  out->keyed = false;
  out->whole = out->depth == 0;
}

static void begin_value(struct pm_json_out *out, bool object) {
  if (!may_write_value(out))
    return;
  if (out->depth == DEPTH) {
    set_failure(out, -EMSGSIZE);
    return;
  }
  yajl_gen_status status =
      object ? yajl_gen_map_open(out->gen) : yajl_gen_array_open(out->gen);
  out->object[out->depth++] = object;
  after_value(out, status);
}

static void end_value(struct pm_json_out *out, bool object) {
  if (out->depth == 0 || in_object(out) != object || out->keyed)
    set_failure(out, -EINVAL);
  if (out->status < 0)
    return;
  out->depth--;
  after_value(out, object ? yajl_gen_map_close(out->gen)
                          : yajl_gen_array_close(out->gen));
}

void pm_json_object(struct pm_json_out *out) { begin_value(out, true); }
void pm_json_object_end(struct pm_json_out *out) { end_value(out, true); }
void pm_json_array(struct pm_json_out *out) { begin_value(out, false); }
void pm_json_array_end(struct pm_json_out *out) { end_value(out, false); }

void pm_json_key(struct pm_json_out *out, const char *key) {
  if (!in_object(out) || out->keyed)
    set_failure(out, -EINVAL);
  if (out->status < 0)
    return;
  after_value(
      out, yajl_gen_string(out->gen, (const unsigned char *)key, strlen(key)));
  out->keyed = true;
}

void pm_json_message_end(struct pm_json_out *out) {
  if (!out->whole)
    set_failure(out, -EINVAL);
  write_bytes(out, "\n", 1);
  if (out->status == 0)
    yajl_gen_reset(out->gen, NULL);
  out->whole = false;
}

/* ---- values ---- */

void pm_json_null(struct pm_json_out *out) {
  if (may_write_value(out))
    after_value(out, yajl_gen_null(out->gen));
}

void pm_json_boolean(struct pm_json_out *out, bool value) {
  if (may_write_value(out))
    after_value(out, yajl_gen_bool(out->gen, value));
}

static void write_number(struct pm_json_out *out, const char *text) {
  if (may_write_value(out))
    after_value(out, yajl_gen_number(out->gen, text, strlen(text)));
}

/* libyajl writes a number as it is given. */
void pm_json_raw(struct pm_json_out *out, const char *json, size_t length) {
  if (in_object(out))
    set_failure(out, -EINVAL);
  if (may_write_value(out))
    after_value(out, yajl_gen_number(out->gen, json, length));
}

void pm_json_integer(struct pm_json_out *out, int64_t value) {
  char text[DIGITS];
  snprintf(text, sizeof text, "%lld", (long long)value);
  write_number(out, text);
}

void pm_json_unsigned(struct pm_json_out *out, uint64_t value) {
  char text[DIGITS];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  write_number(out, text);
}

static void format_number(const struct pm_json_out *out, char text[DIGITS],
                          const char *how, int precision, double value) {
  locale_t before = uselocale(out->c);
  snprintf(text, DIGITS, how, precision, value);
  uselocale(before);
}

void pm_json_real(struct pm_json_out *out, double value, int decimals) {
  char text[DIGITS];
  if (!isfinite(value)) {
    pm_json_null(out);
    return;
  }
  if (fabs(value) >= 1e17) { /* %f would print up to 300 digits */
    format_number(out, text, "%.*g", DECIMALS, value);
    write_number(out, text);
    return;
  }
  decimals = decimals < 0 ? 0 : decimals > DECIMALS ? DECIMALS : decimals;
  format_number(out, text, "%.*f", decimals, value);
  if (strchr(text, '.')) {
    size_t length = strlen(text);
    while (text[length - 1] == '0')
      length--;
    text[text[length - 1] == '.' ? length - 1 : length] = 0;
  }
  write_number(out, strcmp(text, "-0") == 0 ? "0" : text);
}

void pm_json_text(struct pm_json_out *out, const char *text) {
  if (text)
    pm_json_bytes(out, text, strlen(text));
  else
    pm_json_null(out);
}

void pm_json_bytes(struct pm_json_out *out, const char *bytes, size_t length) {
  if (may_write_value(out))
    after_value(
        out, yajl_gen_string(out->gen, (const unsigned char *)bytes, length));
}

/* ---- parsed values ---- */

/* The fewest digits that give the same number again, and a point or exponent,
 * so that it stays a real number. */
static void copy_real(struct pm_json_out *out, double value) {
  char text[DIGITS];
  for (int digits = 15; digits <= 17; digits++) {
    format_number(out, text, "%.*g", digits, value);
    if (strtod_l(text, NULL, out->c) == value)
      break;
  }
  if (!strpbrk(text, ".e"))
    strcat(text, ".0");
  write_number(out, text);
}

static void copy_all(struct pm_json_out *out, const struct pm_json *outer) {
  bool object = outer->type == PM_JSON_OBJECT;
  begin_value(out, object);
  for (const struct pm_json *v = pm_json_first(outer); v && out->status == 0;
       v = pm_json_after(outer, v)) {
    if (object)
      pm_json_key(out, v->key);
    pm_json_copy(out, v);
  }
  end_value(out, object);
}

void pm_json_put_text(struct pm_json_out *out, const char *key,
                      const char *text) {
  pm_json_key(out, key);
  pm_json_text(out, text);
}

void pm_json_put_unsigned(struct pm_json_out *out, const char *key,
                          uint64_t value) {
  pm_json_key(out, key);
  pm_json_unsigned(out, value);
}

void pm_json_put_boolean(struct pm_json_out *out, const char *key, bool value) {
  pm_json_key(out, key);
  pm_json_boolean(out, value);
}

/* Recursion is bounded: begin_value fails at the generator's depth limit. */
void pm_json_copy(struct pm_json_out *out, const struct pm_json *value) {
  switch (value->type) {
  case PM_JSON_NULL:
    pm_json_null(out);
    break;
  case PM_JSON_BOOLEAN:
    pm_json_boolean(out, value->boolean);
    break;
  case PM_JSON_INTEGER:
    pm_json_integer(out, value->integer);
    break;
  case PM_JSON_REAL:
    copy_real(out, value->real);
    break;
  case PM_JSON_STRING:
    pm_json_bytes(out, value->text, value->length);
    break;
  case PM_JSON_ARRAY:
  case PM_JSON_OBJECT:
    copy_all(out, value);
    break;
  }
}
