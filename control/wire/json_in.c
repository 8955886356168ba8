#include "wire/json_in.h"

#include "base/siphash.h"
#include "wire/arena.h"
#include "wire/json_text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum {
  TEXT_MOST = 1 << 30, /* so that counts fit 32 bits, whatever the limits are */
  EAGER = 1 << 20,     /* up to this limit all memory is allocated at once */
  FIRST_VALUES = 64,
};

struct pm_json_in {
  struct pm_json_limits limits;
  locale_t c; /* collectd's own locale may have a decimal comma */
  struct pm_arena arena;
  struct pm_json *values;
  size_t count, room;
  char *text; /* keys, unescaped strings and digits, each with a NUL */
  size_t used, text_room;
  uint32_t *open; /* indexes of the enclosing arrays and objects */
  size_t depth;
  struct pm_siphash_key hash_key; /* clients choose the names of members */
  uint32_t *seen; /* hash table of an object's members, index + 1 */
  size_t seen_room;
  const char *key; /* of the next value */
  int fault;       /* why a callback ended the parse: errno value and text */
  const char *why;
};

/* ---- memory ---- */

/* What libyajl allocates: its handle and lexer, the text of an error, a stack
 * of states (a byte per level, grown by 128), and two buffers, for an unescaped
 * string and for a token that the end of the text cuts.  The two hold different
 * parts of the text.  They double from 2 KiB on: the last block is at most
 * twice what it holds, and all blocks before it together are as large. */
static size_t arena_room(const struct pm_json_limits *limits, size_t length) {
  enum { SMALL = 4096, FIRST_BUFFER = 2048 };
  size_t stacks = limits->depth / 128 + 1;
  return SMALL + stacks * (limits->depth + 256) + 4 * length + 2 * FIRST_BUFFER;
}

/* A value takes at least a byte and a comma or closing bracket; the arrays and
 * objects that are still open at the end lack theirs. */
static size_t most_values(const struct pm_json_limits *limits, size_t length) {
  return (length + limits->depth) / 2 + 1;
}

static bool values_room(struct pm_json_in *in, size_t room) {
  struct pm_json *values = realloc(in->values, room * sizeof *values);
  if (!values)
    return false;
  in->values = values;
  in->room = room;
  return true;
}

/* For a text of `length` bytes. */
static int make_room(struct pm_json_in *in, size_t length) {
  if (length + 1 > in->text_room) {
    char *text = malloc(length + 1);
    if (!text)
      return -ENOMEM;
    free(in->text);
    in->text = text;
    in->text_room = length + 1;
  }
  if (!in->values && !values_room(in, FIRST_VALUES))
    return -ENOMEM;
  return pm_arena_begin(&in->arena, arena_room(&in->limits, length));
}

static size_t power_of_two(size_t least) {
  size_t caps = 1;
  while (caps < least)
    caps *= 2;
  return caps;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static bool allocate(struct pm_json_in *in) {
  struct pm_json_limits *l = &in->limits;
  l->text = least(l->text, TEXT_MOST);
  l->depth = least(l->depth, l->text);
  l->members = least(l->members, l->text);
  in->seen_room = power_of_two(2 * l->members + 1);
  in->seen = malloc(in->seen_room * sizeof *in->seen);
  in->open = malloc((l->depth + 1) * sizeof *in->open);
  in->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!in->seen || !in->open || !in->c)
    return false;
  bool eager = l->text <= EAGER;
  return make_room(in, eager ? l->text : 0) == 0 &&
         (!eager || values_room(in, most_values(l, l->text)));
}

struct pm_json_in *pm_json_in_new(const struct pm_json_limits *limits) {
  struct pm_json_in *in = calloc(1, sizeof *in);
  if (!in)
    return NULL;
  in->limits = *limits;
  in->hash_key = pm_siphash_key_new();
  if (allocate(in))
    return in;
  pm_json_in_free(in);
  return NULL;
}

void pm_json_in_free(struct pm_json_in *in) {
  if (!in)
    return;
  if (in->c)
    freelocale(in->c);
  pm_arena_done(&in->arena);
  free(in->values);
  free(in->text);
  free(in->open);
  free(in->seen);
  free(in);
}

/* ---- libyajl's callbacks; 0 ends the parse ---- */

static int end_parse(struct pm_json_in *in, int num, const char *why) {
  in->fault = num;
  in->why = why;
  return 0;
}

static struct pm_json *enclosing(const struct pm_json_in *in) {
  return in->depth > 0 ? &in->values[in->open[in->depth - 1]] : NULL;
}

/* Appends a value, if the array around it may have another element. */
static int add_value(struct pm_json_in *in, struct pm_json value) {
  struct pm_json *array = enclosing(in);
  if (array && array->type == PM_JSON_ARRAY &&
      array->count >= in->limits.elements)
    return end_parse(in, E2BIG, "too many elements in an array");
  if (in->count == in->room && !values_room(in, 2 * in->room))
    return end_parse(in, ENOMEM, "no memory");
  if (in->depth > 0)
    enclosing(in)->count++;
  value.key = in->key;
  value.span = 1;
  in->key = NULL;
  in->values[in->count++] = value;
  return 1;
}

/* Copies a string into in->text, whose room is enough for all of them: a string
 * has two quotes in the source for its NUL here, and after a number there is at
 * least a byte or the end. */
static const char *keep_text(struct pm_json_in *in, const unsigned char *bytes,
                             size_t length) {
  if (length >= in->text_room - in->used)
    return NULL;
  char *kept = in->text + in->used;
  if (length > 0)
    memcpy(kept, bytes, length);
  kept[length] = 0;
  in->used += length + 1;
  return kept;
}

static int on_null(void *ctx) {
  return add_value(ctx, (struct pm_json){.type = PM_JSON_NULL});
}

static int on_boolean(void *ctx, int value) {
  return add_value(ctx,
                   (struct pm_json){.type = PM_JSON_BOOLEAN, .boolean = value});
}

static int add_integer(struct pm_json_in *in, const char *digits) {
  errno = 0;
  long long value = strtoll(digits, NULL, 10);
  if (errno == ERANGE)
    return end_parse(in, EINVAL, "an integer beyond 64 bits");
  return add_value(in,
                   (struct pm_json){.type = PM_JSON_INTEGER, .integer = value});
}

static int add_real(struct pm_json_in *in, const char *digits) {
  double value = strtod_l(digits, NULL, in->c);
  if (isinf(value))
    return end_parse(in, EINVAL, "a number out of range");
  return add_value(in, (struct pm_json){.type = PM_JSON_REAL, .real = value});
}

/* libyajl's own conversions use the locale's decimal point and report overflow
 * in errno only. */
static int on_number(void *ctx, const char *bytes, size_t length) {
  struct pm_json_in *in = ctx;
  const char *digits = keep_text(in, (const unsigned char *)bytes, length);
  if (!digits)
    return end_parse(in, ENOMEM, "no memory");
  return strpbrk(digits, ".eE") ? add_real(in, digits)
                                : add_integer(in, digits);
}

static int on_string(void *ctx, const unsigned char *bytes, size_t length) {
  struct pm_json_in *in = ctx;
  const char *text = keep_text(in, bytes, length);
  if (!text)
    return end_parse(in, ENOMEM, "no memory");
  return add_value(in, (struct pm_json){.type = PM_JSON_STRING,
                                        .length = (uint32_t)length,
                                        .text = text});
}

static int on_key(void *ctx, const unsigned char *bytes, size_t length) {
  struct pm_json_in *in = ctx;
  if (length > in->limits.key)
    return end_parse(in, E2BIG, "a key is too long");
  if (enclosing(in)->count >= in->limits.members)
    return end_parse(in, E2BIG, "too many members in an object");
  in->key = keep_text(in, bytes, length);
  return in->key ? 1 : end_parse(in, ENOMEM, "no memory");
}

static int begin_value(struct pm_json_in *in, enum pm_json_type type) {
  if (in->depth >= in->limits.depth)
    return end_parse(in, E2BIG, "too many levels");
  if (!add_value(in, (struct pm_json){.type = type}))
    return 0;
  in->open[in->depth++] = (uint32_t)(in->count - 1);
  return 1;
}

static int on_array(void *ctx) { return begin_value(ctx, PM_JSON_ARRAY); }
static int on_object(void *ctx) { return begin_value(ctx, PM_JSON_OBJECT); }

static struct pm_json *end_value(struct pm_json_in *in) {
  struct pm_json *value = enclosing(in);
  value->span = (uint32_t)(in->count - in->open[--in->depth]);
  return value;
}

static int on_array_end(void *ctx) {
  end_value(ctx);
  return 1;
}

/* Does an earlier member of the object have the same key?  If not, adds it to
 * in->seen. */
static bool is_duplicate(struct pm_json_in *in, const struct pm_json *object,
                         const struct pm_json *member, size_t mask) {
  size_t at =
      pm_siphash(&in->hash_key, member->key, strlen(member->key)) & mask;
  for (; in->seen[at] > 0; at = (at + 1) & mask)
    if (strcmp(object[in->seen[at] - 1].key, member->key) == 0)
      return true;
  in->seen[at] = (uint32_t)(member - object) + 1;
  return false;
}

static int on_object_end(void *ctx) {
  struct pm_json_in *in = ctx;
  const struct pm_json *object = end_value(in), *m;
  size_t room = power_of_two(2 * (size_t)object->count + 1);
  memset(in->seen, 0, room * sizeof *in->seen);
  for (m = pm_json_first(object); m; m = pm_json_after(object, m))
    if (is_duplicate(in, object, m, room - 1))
      return end_parse(in, EINVAL, "a duplicate key in an object");
  return 1;
}

/* ---- reading ---- */

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_array_end,
};

static int explain(const struct pm_json_in *in, yajl_handle yajl, size_t at,
                   struct pm_err *err) {
  if (in->fault)
    return pm_err_say(err, in->fault, "byte %zu: %s", at, in->why);
  const char *why = (const char *)yajl_get_error(yajl, 0, NULL, 0);
  int length = why ? (int)strcspn(why, "\n") : 0;
  return pm_err_say(err, EBADMSG, "byte %zu: %.*s", at, length, why);
}

/* A new parser for each text, since one that has failed cannot be used again.
 * Its memory is the arena's. */
static int parse(struct pm_json_in *in, const char *text, size_t length,
                 struct pm_err *err) {
  if (setjmp(in->arena.full))
    return pm_err_set(err, ENOMEM, "%zu bytes of JSON", length);
  yajl_alloc_funcs funcs = pm_arena_funcs(&in->arena);
  yajl_handle yajl = yajl_alloc(&callbacks, &funcs, in);
  if (yajl_parse(yajl, (const unsigned char *)text, length) != yajl_status_ok)
    return explain(in, yajl, yajl_get_bytes_consumed(yajl), err);
  if (yajl_complete_parse(yajl) != yajl_status_ok)
    return explain(in, yajl, length, err);
  return 0;
}

int pm_json_in_read(struct pm_json_in *in, const char *text, size_t length,
                    const struct pm_json **ret, struct pm_err *err) {
  if (length > in->limits.text)
    return pm_err_say(err, E2BIG, "%zu bytes, more than %zu", length,
                      in->limits.text);
  size_t at = 0;
  const char *why = pm_json_text_fault(text, length, &at);
  if (why)
    return pm_err_say(err, EBADMSG, "byte %zu: %s", at, why);
  if (make_room(in, length) < 0)
    return pm_err_set(err, ENOMEM, "%zu bytes of JSON", length);
  in->count = in->used = in->depth = 0;
  in->key = NULL;
  in->fault = 0;
  int status = parse(in, text, length, err);
  if (status == 0)
    *ret = in->values;
  return status;
}

/* ---- access ---- */

const struct pm_json *pm_json_first(const struct pm_json *outer) {
  return outer && outer->count > 0 ? outer + 1 : NULL;
}

const struct pm_json *pm_json_after(const struct pm_json *outer,
                                    const struct pm_json *value) {
  const struct pm_json *next = value + value->span;
  return next < outer + outer->span ? next : NULL;
}

const struct pm_json *pm_json_member(const struct pm_json *outer,
                                     const char *key) {
  if (!outer || outer->type != PM_JSON_OBJECT)
    return NULL;
  const struct pm_json *m = pm_json_first(outer);
  while (m && strcmp(m->key, key) != 0)
    m = pm_json_after(outer, m);
  return m;
}
