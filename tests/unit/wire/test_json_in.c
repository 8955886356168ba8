/* What is read of JSON, and what is refused, above all what libyajl itself
 * would take. */
#include "wire/json_in.h"

#include "unit/support/check.h"
#include "unit/support/comma_locale.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- values as text: types show ---- */

struct dump {
  char text[512];
  size_t used;
};

static void put(struct dump *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct dump *d, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(d->text + d->used, sizeof d->text - d->used, format, ap);
  va_end(ap);
  if (n > 0 && (size_t)n < sizeof d->text - d->used)
    d->used += (size_t)n;
}

static void dump(struct dump *d, const struct pm_json *v);

static void dump_in(struct dump *d, const struct pm_json *outer, char from,
                    char to) {
  const struct pm_json *v = pm_json_first(outer);
  put(d, "%c", from);
  for (; v; v = pm_json_after(outer, v)) {
    if (v != pm_json_first(outer))
      put(d, ",");
    dump(d, v);
  }
  put(d, "%c%u", to, outer->count);
}

static void dump(struct dump *d, const struct pm_json *v) {
  if (v->key)
    put(d, "%s:", v->key);
  switch (v->type) {
  case PM_JSON_NULL:
    put(d, "null");
    break;
  case PM_JSON_BOOLEAN:
    put(d, v->boolean ? "true" : "false");
    break;
  case PM_JSON_INTEGER:
    put(d, "i%lld", (long long)v->integer);
    break;
  case PM_JSON_REAL:
    put(d, "r%.17g", v->real);
    break;
  case PM_JSON_STRING:
    put(d, "\"%s\"", v->text);
    if (strlen(v->text) != v->length)
      put(d, "but %u bytes", v->length);
    break;
  case PM_JSON_ARRAY:
    dump_in(d, v, '[', ']');
    break;
  case PM_JSON_OBJECT:
    dump_in(d, v, '{', '}');
    break;
  }
}

/* A text in memory of exactly its length, so that reading behind it shows. */
static int read_exactly(struct pm_json_in *in, const char *text, size_t length,
                        const struct pm_json **ret, struct pm_err *err) {
  char *copy = malloc(length ? length : 1);
  assert_non_null(copy);
  if (length > 0)
    memcpy(copy, text, length);
  int status = pm_json_in_read(in, copy, length, ret, err);
  free(copy);
  return status;
}

static struct pm_json_in *request(void) {
  const struct pm_json_limits limits = PM_JSON_REQUEST;
  struct pm_json_in *in = pm_json_in_new(&limits);
  assert_non_null(in);
  return in;
}

/* ---- tables ---- */

static void accepted(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"null", "null"},
      {"true", "true"},
      {"false", "false"},
      {"[true,false,null]", "[true,false,null]3"},
      {"0", "i0"},
      {"-0", "i0"},
      {"1", "i1"},
      {"  12  ", "i12"},
      {"\t\r\n1\n", "i1"},
      {"9223372036854775807", "i9223372036854775807"},
      {"-9223372036854775808", "i-9223372036854775808"},
      {"0.5", "r0.5"},
      {"-0.0", "r-0"},
      {"1e2", "r100"},
      {"1E+2", "r100"},
      {"1e-2", "r0.01"},
      {"9223372036854775808.0", "r9.2233720368547758e+18"},
      {"1.7976931348623157e308", "r1.7976931348623157e+308"},
      {"5e-324", "r4.9406564584124654e-324"},
      {"1e-999", "r0"},
      {"\"\"", "\"\""},
      {"\"abc\"", "\"abc\""},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\"\\/\b\f\n\r\t\""},
      {"\"\\u0041\\u00e4\\u20AC\\ud83d\\uDE00\"",
       "\"A\u00e4\u20ac\U0001f600\""},
      {"\"\\\\ud800\"", "\"\\ud800\""},
      {"\"\\\\\\\\u0000\"", "\"\\\\u0000\""},
      {"\"\\uffff\\u0001\"", "\"\xef\xbf\xbf\x01\""},
      {"\"\x7f\"", "\"\x7f\""},
      {"\"\xc2\x80\xdf\xbf\"", "\"\xc2\x80\xdf\xbf\""},
      {"\"\xe0\xa0\x80\xed\x9f\xbf\"", "\"\xe0\xa0\x80\xed\x9f\xbf\""},
      {"\"\xee\x80\x80\xef\xbf\xbf\"", "\"\xee\x80\x80\xef\xbf\xbf\""},
      {"\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
       "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
      {"[]", "[]0"},
      {"[ ]", "[]0"},
      {"{}", "{}0"},
      {"[[],{},[[]]]", "[[]0,{}0,[[]0]1]3"},
      {"{\"a\":1,\"b\":[2,{\"a\":3}],\"c\":{}}",
       "{a:i1,b:[i2,{a:i3}1]2,c:{}0}3"},
      {"{\"\":1}", "{:i1}1"},
      {"{\"a\":{\"a\":{\"a\":1}}}", "{a:{a:{a:i1}1}1}1"},
      {"{\"a\":1,\"A\":2,\"a \":3}", "{a:i1,A:i2,a :i3}3"},
      {"{\"\\u0061\\n\":1}", "{a\n:i1}1"},
      {"[[[[[[[[1]]]]]]]]", "[[[[[[[[i1]1]1]1]1]1]1]1]1"},
  };
  struct pm_json_in *in = request();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_err err = PM_ERR_INIT;
    const struct pm_json *v = NULL;
    struct dump d = {.used = 0};
    const char *text = rows[i].text;
    if (check_int(text, "status",
                  read_exactly(in, text, strlen(text), &v, &err), 0))
      dump(&d, v);
    check_text(text, "value", d.text, rows[i].want);
    check_text(text, "error", err.text, "");
  }
  pm_json_in_free(in);
  check_end();
}

#define TEXT(literal) literal, sizeof literal - 1

static const struct {
  const char *text;
  size_t length;
  int want;
} refusals[] = {
    {TEXT(""), -EBADMSG},
    {TEXT("  \n"), -EBADMSG},
    {TEXT("nul"), -EBADMSG},
    {TEXT("nulL"), -EBADMSG},
    {TEXT("nulll"), -EBADMSG},
    {TEXT("NaN"), -EBADMSG},
    {TEXT("Infinity"), -EBADMSG},
    {TEXT("-"), -EBADMSG},
    {TEXT("+1"), -EBADMSG},
    {TEXT("01"), -EBADMSG},
    {TEXT("-01"), -EBADMSG},
    {TEXT("1."), -EBADMSG},
    {TEXT(".5"), -EBADMSG},
    {TEXT("1.e5"), -EBADMSG},
    {TEXT("1e"), -EBADMSG},
    {TEXT("1e+"), -EBADMSG},
    {TEXT("0x10"), -EBADMSG},
    {TEXT("1,5"), -EBADMSG},
    {TEXT("- 1"), -EBADMSG},
    {TEXT("'a'"), -EBADMSG},
    {TEXT("[1,]"), -EBADMSG},
    {TEXT("[,1]"), -EBADMSG},
    {TEXT("[1 2]"), -EBADMSG},
    {TEXT("[1"), -EBADMSG},
    {TEXT("]"), -EBADMSG},
    {TEXT("[1}"), -EBADMSG},
    {TEXT("{\"a\":1]"), -EBADMSG},
    {TEXT("{\"a\":1,}"), -EBADMSG},
    {TEXT("{\"a\"}"), -EBADMSG},
    {TEXT("{\"a\":}"), -EBADMSG},
    {TEXT("{\"a\" 1}"), -EBADMSG},
    {TEXT("{a:1}"), -EBADMSG},
    {TEXT("{1:1}"), -EBADMSG},
    {TEXT("{\"a\":1"), -EBADMSG},
    {TEXT("\"\\a\""), -EBADMSG},
    {TEXT("\"\\u12\""), -EBADMSG},
    {TEXT("\"\\u12g4\""), -EBADMSG},
    {TEXT("\"\\U0041\""), -EBADMSG},
    {TEXT("\"\n\""), -EBADMSG},
    {TEXT("\"\t\""), -EBADMSG},
    /* two values, or what is none behind one */
    {TEXT("1 2"), -EBADMSG},
    {TEXT("{} {}"), -EBADMSG},
    {TEXT("{}]"), -EBADMSG},
    {TEXT("{},"), -EBADMSG},
    {TEXT("{} x"), -EBADMSG},
    {TEXT("{} tru"), -EBADMSG},
    {TEXT("{} -"), -EBADMSG},
    {TEXT("{} \""), -EBADMSG},
    {TEXT("1 \"abc"), -EBADMSG},
    {TEXT("1 \"abc\\"), -EBADMSG},
    {TEXT("1 \"abc\\\""), -EBADMSG},
    {TEXT("\"abc"), -EBADMSG},
    {TEXT("\"abc\\u00"), -EBADMSG},
    {TEXT("\"\\ud83d\\u"), -EBADMSG},
    {TEXT("\"\\ud83d"), -EBADMSG},
    /* comments, a byte order mark, white space of other languages */
    {TEXT("/**/1"), -EBADMSG},
    {TEXT("1//"), -EBADMSG},
    {TEXT("[1,/*x*/2]"), -EBADMSG},
    {TEXT("\xef\xbb\xbf{}"), -EBADMSG},
    {TEXT("[1,\v2]"), -EBADMSG},
    {TEXT("\f1"), -EBADMSG},
    {TEXT("1\v"), -EBADMSG},
    {TEXT("\xc2\xa0"
          "1"),
     -EBADMSG},
    /* NUL */
    {TEXT("1\0"), -EBADMSG},
    {TEXT("\0"), -EBADMSG},
    {TEXT("\"a\0b\""), -EBADMSG},
    {TEXT("\"a\\u0000b\""), -EBADMSG},
    {TEXT("{\"a\\u0000b\":1}"), -EBADMSG},
    /* UTF-8: overlong, surrogates, beyond, cut, alone */
    {TEXT("\"\xc0\x80\""), -EBADMSG},
    {TEXT("\"\xc1\xbf\""), -EBADMSG},
    {TEXT("\"\xe0\x9f\xbf\""), -EBADMSG},
    {TEXT("\"\xf0\x8f\xbf\xbf\""), -EBADMSG},
    {TEXT("\"\xed\xa0\x80\""), -EBADMSG},
    {TEXT("\"\xed\xbf\xbf\""), -EBADMSG},
    {TEXT("\"\xf4\x90\x80\x80\""), -EBADMSG},
    {TEXT("\"\xf5\x80\x80\x80\""), -EBADMSG},
    {TEXT("\"\xf8\x88\x80\x80\x80\""), -EBADMSG},
    {TEXT("\"\xff\""), -EBADMSG},
    {TEXT("\"\x80\""), -EBADMSG},
    {TEXT("\"\xc3\""), -EBADMSG},
    {TEXT("\"\xe2\x82\""), -EBADMSG},
    {TEXT("\"\xf0\x9f\x98\""), -EBADMSG},
    {TEXT("\"\xe2\x82"), -EBADMSG},
    {TEXT("\xe2"), -EBADMSG},
    {TEXT("{\"\xff\":1}"), -EBADMSG},
    /* halves of pairs: libyajl takes them for "?" and CESU-8 */
    {TEXT("\"\\ud800\""), -EBADMSG},
    {TEXT("\"\\udc00\""), -EBADMSG},
    {TEXT("\"\\uDBFF\""), -EBADMSG},
    {TEXT("\"\\uDFFF\""), -EBADMSG},
    {TEXT("\"\\ud83d\\ud83d\""), -EBADMSG},
    {TEXT("\"\\ud83d\\u0041\""), -EBADMSG},
    {TEXT("\"\\ud83dude00\""), -EBADMSG},
    {TEXT("\"\\ud83d\\nde00\""), -EBADMSG},
    {TEXT("\"\\ud83d \\ude00\""), -EBADMSG},
    {TEXT("\"\\ude00\\ud83d\""), -EBADMSG},
    {TEXT("{\"\\ud800\":1}"), -EBADMSG},
    /* numbers */
    {TEXT("9223372036854775808"), -EINVAL},
    {TEXT("-9223372036854775809"), -EINVAL},
    {TEXT("100000000000000000000000000"), -EINVAL},
    {TEXT("1e999"), -EINVAL},
    {TEXT("-1e999"), -EINVAL},
    {TEXT("[1.8e308]"), -EINVAL},
    /* keys */
    {TEXT("{\"a\":1,\"a\":1}"), -EINVAL},
    {TEXT("{\"a\":1,\"b\":2,\"\\u0061\":3}"), -EINVAL},
    {TEXT("{\"\":1,\"\":2}"), -EINVAL},
    {TEXT("[{\"x\":{\"a\":{},\"a\":[]}}]"), -EINVAL},
    {TEXT("{\"a\":{\"b\":1},\"a\":2}"), -EINVAL},
    {TEXT("[[[[[[[[[1]]]]]]]]]"), -E2BIG},
    {TEXT("[[[[[[[[{}]]]]]]]]"), -E2BIG},
};

static void refused(void **state) {
  (void)state;
  struct pm_json_in *in = request();
  for (size_t i = 0; i < CHECK_COUNT(refusals); i++) {
    struct pm_err err = PM_ERR_INIT;
    const struct pm_json *v = NULL;
    int status =
        read_exactly(in, refusals[i].text, refusals[i].length, &v, &err);
    check_int(refusals[i].text, "status", status, refusals[i].want);
    check_int(refusals[i].text, "error number", -err.num, refusals[i].want);
    check_true(refusals[i].text, "words", strncmp(err.text, "byte ", 5) == 0);
    check_true(refusals[i].text, "no value", !v);
  }
  pm_json_in_free(in);
  check_end();
}

static void words(void **state) {
  (void)state;
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"[1,\"\xff\"]", "byte 4: not UTF-8"},
      {"[1,\"\\u0000\"]", "byte 4: an escaped NUL"},
      {"[\"\\ud800\"]", "byte 2: an unpaired surrogate"},
      {"[1,\v2]", "byte 3: white space that JSON does not allow"},
      {"[1] \"x", "byte 4: an unterminated string"},
      {"[1e999]", "byte 6: a number out of range"},
      {"{\"a\":1,\"a\":2}", "byte 13: a duplicate key in an object"},
      {"[1] 2", "byte 5: parse error: trailing garbage"},
      {"[1", "byte 2: parse error: premature EOF"},
      {"[1,x]", "byte 4: lexical error: invalid char in json text."},
  };
  struct pm_json_in *in = request();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_err err = PM_ERR_INIT;
    const struct pm_json *v;
    read_exactly(in, rows[i].text, strlen(rows[i].text), &v, &err);
    check_text(rows[i].text, "words", err.text, rows[i].want);
  }
  check_int("nobody listens", "status", pm_json_in_read(in, "[", 1, NULL, NULL),
            -EBADMSG);
  pm_json_in_free(in);
  check_end();
}

/* A comma in the locale is neither read nor does it stop at the point. */
static void locale(void **state) {
  (void)state;
  struct pm_json_in *in = request();
  const struct pm_json *v = NULL;
  bool comma = comma_locale_begin();
  int point = pm_json_in_read(in, "1.5", 3, &v, NULL);
  double value = point == 0 ? v->real : 0;
  int list = pm_json_in_read(in, "[1.5,25]", 8, &v, NULL);
  uint32_t count = list == 0 ? v->count : 0;
  comma_locale_end();
  pm_json_in_free(in);
  check_int("point", "status", point, 0);
  check_real("point", "value", value, 1.5);
  check_int("list", "status", list, 0);
  check_u64("list", "elements", count, 2);
  check_end();
  if (!comma)
    skip();
}

/* ---- limits, at the edge and one above ---- */

struct text {
  char *bytes;
  size_t length;
};

static void add(struct text *t, const char *bytes) {
  memcpy(t->bytes + t->length, bytes, strlen(bytes));
  t->length += strlen(bytes);
}

static void repeat(struct text *t, const char *bytes, size_t times) {
  while (times-- > 0)
    add(t, bytes);
}

enum limit { DEPTH, OBJECTS, ELEMENTS, INNER, MEMBERS, KEY, ESCAPED, LENGTH };

static void build(struct text *t, enum limit what, size_t n) {
  char member[64];
  t->length = 0;
  switch (what) {
  case DEPTH:
    repeat(t, "[", n);
    repeat(t, "]", n);
    break;
  case OBJECTS:
    repeat(t, "{\"a\":", n);
    add(t, "1");
    repeat(t, "}", n);
    break;
  case ELEMENTS:
  case INNER:
    add(t, what == INNER ? "[[],[1" : "[1");
    repeat(t, ",1", n - 1);
    add(t, what == INNER ? "]]" : "]");
    break;
  case MEMBERS:
    add(t, "{");
    for (size_t i = 0; i < n; i++) {
      snprintf(member, sizeof member, "%s\"%zu\":%zu", i ? "," : "", i, i);
      add(t, member);
    }
    add(t, "}");
    break;
  case KEY:
  case ESCAPED:
    add(t, "{\"");
    repeat(t, what == KEY ? "k" : "\\u006b", n);
    add(t, "\":1}");
    break;
  case LENGTH:
    add(t, "\"");
    repeat(t, "x", n - 2);
    add(t, "\"");
    break;
  }
}

static void check_limits(const char *whose, const struct pm_json_limits *l,
                         size_t bytes) {
  const struct {
    const char *row;
    enum limit what;
    size_t most;
  } rows[] = {
      {"depth of arrays", DEPTH, l->depth},
      {"depth of objects", OBJECTS, l->depth},
      {"elements", ELEMENTS, l->elements},
      {"elements of an inner one", INNER, l->elements},
      {"members", MEMBERS, l->members},
      {"key", KEY, l->key},
      {"key of escapes", ESCAPED, l->key},
      {"text", LENGTH, l->text},
  };
  struct text t = {.bytes = malloc(bytes)};
  struct pm_json_in *in = pm_json_in_new(l);
  assert_non_null(in);
  assert_non_null(t.bytes);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[64];
    const struct pm_json *v;
    snprintf(row, sizeof row, "%s, %s", whose, rows[i].row);
    build(&t, rows[i].what, rows[i].most);
    check_int(row, "at the edge", read_exactly(in, t.bytes, t.length, &v, NULL),
              0);
    build(&t, rows[i].what, rows[i].most + 1);
    check_int(row, "one above", read_exactly(in, t.bytes, t.length, &v, NULL),
              -E2BIG);
  }
  pm_json_in_free(in);
  free(t.bytes);
}

static void limits(void **state) {
  (void)state;
  static const struct pm_json_limits of_request = PM_JSON_REQUEST,
                                     small = {.text = 100,
                                              .depth = 2,
                                              .elements = 2,
                                              .members = 3,
                                              .key = 4},
                                     deep = {.text = 1 << 20,
                                             .depth = 1000,
                                             .elements = 1000,
                                             .members = 1000,
                                             .key = 1000},
                                     reply = {.text = 4 << 20,
                                              .depth = 16,
                                              .elements = 500000,
                                              .members = 4096,
                                              .key = 4096};
  check_limits("request", &of_request, 1 << 20);
  check_limits("small", &small, 1 << 10);
  check_limits("deep", &deep, 2 << 20);
  check_limits("reply", &reply, 8 << 20);
  check_end();
}

/* A text that was refused within leaves nothing behind. */
static void after_a_fault(void **state) {
  (void)state;
  static const char *const faults[] = {"{\"a\":",  "{\"a\":x",          "[[[[",
                                       "[1e999",   "{\"a\":1,\"a\":2}", "[1 2",
                                       "\"\\ud800"};
  struct pm_json_in *in = request();
  for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
    const struct pm_json *v = NULL;
    struct dump d = {.used = 0};
    check_true(faults[i], "refused",
               read_exactly(in, faults[i], strlen(faults[i]), &v, NULL) < 0);
    check_int(faults[i], "then", read_exactly(in, "[1]", 3, &v, NULL), 0);
    dump(&d, v);
    check_text(faults[i], "then", d.text, "[i1]1");
  }
  pm_json_in_free(in);
  check_end();
}

/* Nothing may be kept of what exceeds a limit: the reader works on. */
static void none(void **state) {
  (void)state;
  static const struct pm_json_limits zero = {.text = 10};
  struct pm_json_in *in = pm_json_in_new(&zero);
  const struct pm_json *v;
  assert_non_null(in);
  check_int("a number", "status", pm_json_in_read(in, "1", 1, &v, NULL), 0);
  check_int("an array", "status", pm_json_in_read(in, "[]", 2, &v, NULL),
            -E2BIG);
  check_int("a number", "status", pm_json_in_read(in, "2", 1, &v, NULL), 0);
  check_int("a number", "value", v->integer, 2);
  pm_json_in_free(in);
  pm_json_in_free(NULL);
  check_end();
}

/* ---- memory ---- */

/* The worst texts of 256 KiB for each of what libyajl and we allocate. */
static const struct {
  const char *row, *first, *middle, *last;
  int want;
} worst[] = {
    {"escapes", "\"", "\\n", "\"", 0},
    {"escapes of six bytes", "\"", "\\u20ac", "\"", 0},
    {"a long text, an escape last", "\"", "x", "\\n\"", 0},
    {"a text without an end", "\"", "x", "", -EBADMSG},
    {"a long number", "", "1", "", -EINVAL},
    {"a long fraction", "0.", "1", "", 0},
    {"many zeros", "0.", "0", "1", 0},
    {"a long number that is cut", "[\"\\n\",", "1", "", -EINVAL},
    {"white space", "", " ", "", -EBADMSG},
    {"white space before", "", " ", "1", 0},
    {"arrays", "[", "[],", "[]]", -E2BIG},
    {"a tree", "[", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],", "1]",
     -E2BIG},
    {"empty texts", "[", "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"],", "1]",
     -E2BIG},
    {"brackets", "", "[", "", -E2BIG},
    {"braces", "", "{\"\":", "", -E2BIG},
    {"garbage", "", "\xff", "", -EBADMSG},
    {"words", "", "x", "", -EBADMSG},
    {"backslashes", "", "\\", "", -EBADMSG},
    {"half a pair", "\"", "\\ud83d\\ude00", "\\ud83d\"", -EBADMSG},
};

static void fill(struct text *t, size_t size, size_t i) {
  size_t around = strlen(worst[i].first) + strlen(worst[i].last);
  t->length = 0;
  add(t, worst[i].first);
  repeat(t, worst[i].middle, (size - around) / strlen(worst[i].middle));
  add(t, worst[i].last);
}

/* Arrays of arrays, as many values as the limits of a request allow. */
static void fill_values(struct text *t, size_t size) {
  t->length = 0;
  add(t, "[[1");
  while (t->length + 2100 < size) {
    repeat(t, ",1", 1023);
    add(t, "],[1");
  }
  add(t, "]]");
}

static void check_request(const char *row, struct pm_json_in *in,
                          const struct text *t, int want) {
  const struct pm_json *v;
  size_t before = failing_alloc_count();
  int status = pm_json_in_read(in, t->bytes, t->length, &v, NULL);
  check_u64(row, "allocations", failing_alloc_count() - before, 0);
  check_int(row, "status", status, want);
}

/* A request is read without a single allocation, whatever it is. */
static void worst_requests(void **state) {
  (void)state;
  enum { SIZE = 256 << 10 };
  static const struct pm_json_limits open = {
      .text = SIZE, .depth = 8, .elements = SIZE, .members = SIZE, .key = SIZE};
  struct pm_json_in *in = request(), *wide = pm_json_in_new(&open);
  struct text t = {.bytes = malloc(SIZE)};
  assert_non_null(wide);
  assert_non_null(t.bytes);
  for (size_t i = 0; i < CHECK_COUNT(worst); i++) {
    fill(&t, SIZE, i);
    check_request(worst[i].row, in, &t, worst[i].want);
    bool deep = t.bytes[t.length / 2] == '[' && worst[i].last[0] == 0;
    bool wider = worst[i].want == -E2BIG && worst[i].last[0] && !deep;
    check_request(worst[i].row, wide, &t, wider ? 0 : worst[i].want);
  }
  fill_values(&t, SIZE);
  check_request("values", in, &t, 0);
  t.length = 0;
  add(&t, "[1");
  repeat(&t, ",1", SIZE / 2 - 2);
  add(&t, "]");
  check_request("a value every two bytes", wide, &t, 0);
  t.length = 0;
  repeat(&t, "[", 8);
  add(&t, "1");
  repeat(&t, ",1", (SIZE - 10) / 2);
  check_request("and without an end", wide, &t, -EBADMSG);
  free(t.bytes);
  pm_json_in_free(in);
  pm_json_in_free(wide);
  check_end();
}

static struct pm_json_in *just(size_t length, size_t depth) {
  struct pm_json_limits limits = PM_JSON_REQUEST;
  limits.text = length;
  limits.depth = depth;
  struct pm_json_in *in = pm_json_in_new(&limits);
  assert_non_null(in);
  return in;
}

/* libyajl's buffers double: each length around a power of two, for a reader
 * that has memory for just that.  An escape here and there makes them grow one
 * step after the other, and what the end cuts is in the other one. */
static void every_size(void **state) {
  (void)state;
  enum { MOST = (256 << 10) + 16 };
  static const size_t cuts[] = {0, 1, 1000, 40000};
  struct text t = {.bytes = malloc(MOST)};
  assert_non_null(t.bytes);
  for (size_t size = 8; size < MOST;
       size += size < 4200 ? 1 : (size + 8) / 4096 * 4096 + 4088 - size + 16)
    for (size_t i = 0; i < CHECK_COUNT(cuts) && 2 * cuts[i] + 8 <= size; i++) {
      char row[64];
      snprintf(row, sizeof row, "%zu bytes, %zu cut", size, cuts[i]);
      t.length = 0;
      add(&t, cuts[i] ? "[\"" : "\"");
      while (t.length + cuts[i] + 4 <= size)
        add(&t, t.length % 50 == 0 ? "\\n" : "x");
      add(&t, cuts[i] ? "\"," : "\"");
      repeat(&t, "1", size > t.length && cuts[i] ? size - t.length : 0);
      struct pm_json_in *in = just(t.length, 8);
      check_request(row, in, &t,
                    !cuts[i]                                    ? 0
                    : t.bytes[t.length - 1] == ','              ? -EBADMSG
                    : t.length - strcspn(t.bytes, ",") < 1 + 20 ? -EBADMSG
                                                                : -EINVAL);
      pm_json_in_free(in);
    }
  free(t.bytes);
  check_end();
}

/* The stack of libyajl's states grows too. */
static void every_depth(void **state) {
  (void)state;
  struct text t = {.bytes = malloc(1 << 16)};
  assert_non_null(t.bytes);
  for (size_t depth = 1; depth < 10000; depth += depth < 300 ? 1 : 97) {
    char row[64];
    snprintf(row, sizeof row, "%zu levels", depth);
    build(&t, DEPTH, depth);
    struct pm_json_in *in = just(t.length, depth);
    check_request(row, in, &t, 0);
    pm_json_in_free(in);
  }
  free(t.bytes);
  check_end();
}

/* By one byte: the text's memory grows when a number needs its NUL. */
static void longer_and_longer(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  static const char digits[] = "1234567890123456789";
  struct pm_json_in *in = pm_json_in_new(&limits);
  assert_non_null(in);
  for (size_t length = 1; length < sizeof digits; length++) {
    const struct pm_json *v = NULL;
    check_int(digits, "status", read_exactly(in, digits, length, &v, NULL), 0);
  }
  pm_json_in_free(in);
  check_end();
}

/* Each allocation of making a reader fails once. */
static void no_reader(void **state) {
  (void)state;
  static const struct pm_json_limits both[] = {PM_JSON_REQUEST, PM_JSON_REPLY};
  for (size_t i = 0; i < CHECK_COUNT(both); i++) {
    size_t nth = 1;
    for (;; nth++) {
      failing_alloc_fail_at(nth);
      struct pm_json_in *in = pm_json_in_new(&both[i]);
      bool failed = failing_alloc_failed();
      failing_alloc_fail_at(0);
      check_true(i ? "reply" : "request", "none without memory",
                 (in == NULL) == failed);
      pm_json_in_free(in);
      if (!failed)
        break;
    }
    check_true(i ? "reply" : "request", "several were met", nth >= 6);
  }
  check_end();
}

static void build_reply(struct text *t) {
  t->length = 0;
  add(t, "[\"");
  repeat(t, "\\n", 5000);
  add(t, "\"");
  for (int i = 0; i < 2000; i++)
    add(t, ",{\"name\":\"a\\u00e4\",\"n\":1.5}");
  add(t, "]");
}

/* A reply that does not fit is -ENOMEM, and is read when there is memory. */
static void no_memory(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  struct text t = {.bytes = malloc(1 << 20)};
  size_t nth = 1;
  assert_non_null(t.bytes);
  build_reply(&t);
  for (;; nth++) {
    struct pm_json_in *in = pm_json_in_new(&limits);
    struct pm_err err = PM_ERR_INIT;
    const struct pm_json *v = NULL;
    failing_alloc_fail_at(nth);
    int status = pm_json_in_read(in, t.bytes, t.length, &v, &err);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    check_int("reply", "status", status, failed ? -ENOMEM : 0);
    check_int("reply", "error", err.num, failed ? ENOMEM : 0);
    check_int("reply", "again",
              pm_json_in_read(in, t.bytes, t.length, &v, NULL), 0);
    check_u64("reply", "elements", v->count, 2001);
    check_u64("reply", "values", v->span, 6002);
    pm_json_in_free(in);
    if (!failed)
      break;
  }
  check_true("reply", "text, arena and values failed", nth > 6);
  free(t.bytes);
  check_end();
}

/* A reader that grew allocates no more for what is not larger. */
static void grown(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  struct text t = {.bytes = malloc(1 << 20)};
  struct pm_json_in *in = pm_json_in_new(&limits);
  const struct pm_json *v;
  assert_non_null(t.bytes);
  assert_non_null(in);
  build_reply(&t);
  size_t before = failing_alloc_count();
  check_int("first", "status", pm_json_in_read(in, t.bytes, t.length, &v, NULL),
            0);
  check_true("first", "few allocations", failing_alloc_count() - before <= 12);
  before = failing_alloc_count();
  check_int("second", "status",
            pm_json_in_read(in, t.bytes, t.length, &v, NULL), 0);
  check_u64("second", "allocations", failing_alloc_count() - before, 0);
  free(t.bytes);
  pm_json_in_free(in);
  check_end();
}

/* ---- walking ---- */

static void members(void **state) {
  (void)state;
  static const char text[] =
      "{\"a\":[{\"b\":1},2],\"b\":{\"c\":3},\"d\":null,\"e\":\"\"}";
  struct pm_json_in *in = request();
  const struct pm_json *v = NULL;
  assert_int_equal(pm_json_in_read(in, text, strlen(text), &v, NULL), 0);
  check_true("outside", "no key", !v->key);
  check_u64("all", "span", v->span, 9);
  check_u64("a", "span", pm_json_member(v, "a")->span, 4);
  check_int("b", "type", pm_json_member(v, "b")->type, PM_JSON_OBJECT);
  check_int("c", "value", pm_json_member(pm_json_member(v, "b"), "c")->integer,
            3);
  check_int("d", "type", pm_json_member(v, "d")->type, PM_JSON_NULL);
  check_text("e", "text", pm_json_member(v, "e")->text, "");
  check_true("not within", "c", !pm_json_member(v, "c"));
  check_true("no object", "array",
             !pm_json_member(pm_json_member(v, "a"), "b"));
  check_true("no object", "text", !pm_json_member(pm_json_member(v, "e"), "b"));
  check_true("no object", "none", !pm_json_member(NULL, "b"));
  check_true("nothing in", "null", !pm_json_first(pm_json_member(v, "d")));
  check_true("nothing in", "none", !pm_json_first(NULL));
  pm_json_in_free(in);
  check_end();
}

/* Members that meet in the table of keys, and more of them than one line. */
static void many_members(void **state) {
  (void)state;
  struct pm_json_in *in = request();
  struct text t = {.bytes = malloc(64 << 10)};
  const struct pm_json *v;
  assert_non_null(t.bytes);
  build(&t, MEMBERS, 256);
  check_int("all differ", "status",
            pm_json_in_read(in, t.bytes, t.length, &v, NULL), 0);
  check_int("last", "value", pm_json_member(v, "255")->integer, 255);
  for (int same = 0; same < 255; same += 15) {
    char member[32];
    build(&t, MEMBERS, 255);
    t.length--;
    snprintf(member, sizeof member, ",\"%d\":0}", same);
    add(&t, member);
    check_int(member, "status",
              pm_json_in_read(in, t.bytes, t.length, &v, NULL), -EINVAL);
  }
  free(t.bytes);
  pm_json_in_free(in);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepted),
      cmocka_unit_test(refused),
      cmocka_unit_test(words),
      cmocka_unit_test(locale),
      cmocka_unit_test(limits),
      cmocka_unit_test(none),
      cmocka_unit_test(after_a_fault),
      cmocka_unit_test(worst_requests),
      cmocka_unit_test(every_size),
      cmocka_unit_test(every_depth),
      cmocka_unit_test(longer_and_longer),
      cmocka_unit_test(no_reader),
      cmocka_unit_test(no_memory),
      cmocka_unit_test(grown),
      cmocka_unit_test(members),
      cmocka_unit_test(many_members),
  };
  return cmocka_run_group_tests_name("json_in", tests, NULL, NULL);
}
