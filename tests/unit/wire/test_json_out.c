/* What is written is JSON, whatever bytes, numbers and calls come. */
#include "wire/json_out.h"

#include "wire/json_in.h"

#include "unit/support/check.h"
#include "unit/support/comma_locale.h"
#include "unit/support/failing_alloc.h"
#include "unit/support/json_equal.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct paper {
  struct pm_buf buf;
  struct pm_json_out *out;
};

static void begin(struct paper *p, size_t limit) {
  p->buf = (struct pm_buf)PM_BUF_INIT(limit);
  p->out = pm_json_out_new(&p->buf);
  assert_non_null(p->out);
}

static void end(struct paper *p) {
  pm_json_out_free(p->out);
  pm_buf_done(&p->buf);
}

static void check_paper(const char *row, struct paper *p, const char *want) {
  pm_buf_add(&p->buf, "", 1);
  check_int(row, "status", pm_json_out_status(p->out), 0);
  check_text(row, "text", p->buf.data, want);
  p->buf.length = 0;
}

/* ---- texts ---- */

#define TEXT(literal) literal, sizeof literal - 1
#define BAD "\xef\xbf\xbd"

static void texts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t length;
    const char *want;
  } rows[] = {
      {TEXT(""), "\"\""},
      {TEXT("abc"), "\"abc\""},
      {TEXT("a/b"), "\"a/b\""},
      {TEXT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
      {TEXT("\x01\x1f\x7f"), "\"\\u0001\\u001F\x7f\""},
      {TEXT("\\u0000"), "\"\\\\u0000\""},
      {TEXT("u0000"), "\"u0000\""},
      {TEXT("a\0b"), "\"a" BAD "b\""},
      {TEXT("\0"), "\"" BAD "\""},
      {TEXT("\u00e4\u20ac\U0001f600"), "\"\u00e4\u20ac\U0001f600\""},
      {TEXT("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\""},
      /* Unicode 15, tables 3-8 to 3-11 */
      {TEXT("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
       "\"" BAD BAD BAD BAD BAD BAD BAD BAD "A\""},
      {TEXT("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
       "\"" BAD BAD BAD BAD BAD BAD BAD BAD "A\""},
      {TEXT("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
       "\"" BAD BAD BAD BAD BAD "A" BAD BAD "B\""},
      {TEXT("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
       "\"" BAD BAD BAD BAD "A\""},
      /* cut by the end, by an escape, by a good one */
      {TEXT("a\xe2\x82"), "\"a" BAD "\""},
      {TEXT("\xf0\x9f\x98"), "\"" BAD "\""},
      {TEXT("\xe2\x82\n"), "\"" BAD "\\n\""},
      {TEXT("\xe2\"\x82"), "\"" BAD "\\\"" BAD "\""},
      {TEXT("\xe2\0\x82"), "\"" BAD BAD BAD "\""},
      {TEXT("\xc3\u00e4"), "\"" BAD "\u00e4\""},
      {TEXT("\xff\xfe"), "\"" BAD BAD "\""},
  };
  struct paper p;
  begin(&p, 1 << 10);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    pm_json_bytes(p.out, rows[i].text, rows[i].length);
    pm_json_message_end(p.out);
    p.buf.length--;
    check_paper(rows[i].want, &p, rows[i].want);
  }
  end(&p);
  check_end();
}

static void keys(void **state) {
  (void)state;
  struct paper p;
  begin(&p, 1 << 10);
  pm_json_object(p.out);
  pm_json_key(p.out, "a\"\n");
  pm_json_text(p.out, NULL);
  pm_json_key(p.out, "\xff/");
  pm_json_text(p.out, "x");
  pm_json_key(p.out, "");
  pm_json_boolean(p.out, true);
  pm_json_object_end(p.out);
  pm_json_message_end(p.out);
  check_paper("keys", &p, "{\"a\\\"\\n\":null,\"" BAD "/\":\"x\",\"\":true}\n");
  end(&p);
  check_end();
}

/* ---- numbers ---- */

static const struct {
  double value;
  int decimals;
  const char *want;
} reals[] = {
    {0, 3, "0"},
    {-0.0, 3, "0"},
    {1, 0, "1"},
    {1, 3, "1"},
    {10, 0, "10"},
    {100, 3, "100"},
    {1.5, 3, "1.5"},
    {1.25, 1, "1.2"},
    {1.0 / 3, 4, "0.3333"},
    {-2.500, 2, "-2.5"},
    {-0.0004, 3, "0"},
    {0.0006, 3, "0.001"},
    {99.9996, 3, "100"},
    {1e15, 2, "1000000000000000"},
    {12345678901234.5, 2, "12345678901234.5"},
    {9e16, 17, "90000000000000000"},
    {-9e16, 17, "-90000000000000000"},
    {1e17, 3, "1e+17"},
    {1e300, 3, "1.0000000000000001e+300"},
    {-DBL_MAX, 3, "-1.7976931348623157e+308"},
    {DBL_MIN, 3, "0"},
    {0.5, -1, "0"},
    {0.5, 99, "0.5"},
    {0.1, 99, "0.10000000000000001"},
    {NAN, 3, "null"},
    {INFINITY, 3, "null"},
    {-INFINITY, 3, "null"},
};

static void check_reals(struct paper *p) {
  for (size_t i = 0; i < CHECK_COUNT(reals); i++) {
    pm_json_real(p->out, reals[i].value, reals[i].decimals);
    pm_json_message_end(p->out);
    p->buf.length--;
    check_paper(reals[i].want, p, reals[i].want);
  }
}

static void numbers(void **state) {
  (void)state;
  struct paper p;
  begin(&p, 1 << 10);
  check_reals(&p);
  check_true("real", "the caller's locale is back",
             uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
  pm_json_array(p.out);
  pm_json_integer(p.out, 0);
  pm_json_integer(p.out, INT64_MAX);
  pm_json_integer(p.out, INT64_MIN);
  pm_json_unsigned(p.out, UINT64_MAX);
  pm_json_boolean(p.out, false);
  pm_json_null(p.out);
  pm_json_array_end(p.out);
  check_paper("integers", &p,
              "[0,9223372036854775807,-9223372036854775808,"
              "18446744073709551615,false,null]");
  end(&p);
  check_end();
}

static void locale(void **state) {
  (void)state;
  struct paper p;
  begin(&p, 1 << 10);
  bool comma = comma_locale_begin();
  check_reals(&p);
  const struct pm_json half = {.type = PM_JSON_REAL, .span = 1, .real = 0.1};
  pm_json_copy(p.out, &half);
  check_paper("copied", &p, "0.1");
  char here[8];
  snprintf(here, sizeof here, "%.1f", 0.5);
  check_text("the caller's", "locale", here, comma ? "0,5" : "0.5");
  comma_locale_end();
  end(&p);
  check_end();
  if (!comma)
    skip();
}

/* ---- order and limits ---- */

static void message(struct pm_json_out *out, const char *calls) {
  for (; *calls; calls++)
    switch (*calls) {
    case '{':
      pm_json_object(out);
      break;
    case '}':
      pm_json_object_end(out);
      break;
    case '[':
      pm_json_array(out);
      break;
    case ']':
      pm_json_array_end(out);
      break;
    case 'k':
      pm_json_key(out, "k");
      break;
    case '1':
      pm_json_integer(out, 1);
      break;
    case 's':
      pm_json_text(out, "s");
      break;
    case 'n':
      pm_json_null(out);
      break;
    case 'b':
      pm_json_boolean(out, true);
      break;
    case '.':
      pm_json_message_end(out);
      break;
    }
}

static void orders(void **state) {
  (void)state;
  static const struct {
    const char *calls, *want;
    int status;
  } rows[] = {
      {"", "", 0},
      {"1.", "1\n", 0},
      {"1.s.{}.", "1\n\"s\"\n{}\n", 0},
      {"{k1k[1s{}]k{}}.", "{\"k\":1,\"k\":[1,\"s\",{}],\"k\":{}}\n", 0},
      {"[[][1]n].[b].", "[[],[1],null]\n[true]\n", 0},
      {".", "", -EINVAL},
      {"1..", "1\n", -EINVAL},
      {"11", "1", -EINVAL},
      {"1{", "1", -EINVAL},
      {"{}[", "{}", -EINVAL},
      {"k", "", -EINVAL},
      {"}", "", -EINVAL},
      {"]", "", -EINVAL},
      {"]k1", "", -EINVAL},
      {"[k", "[", -EINVAL},
      {"[}", "[", -EINVAL},
      {"{]", "{", -EINVAL},
      {"{1", "{", -EINVAL},
      {"{s", "{", -EINVAL},
      {"{n", "{", -EINVAL},
      {"{b", "{", -EINVAL},
      {"{[", "{", -EINVAL},
      {"{{", "{", -EINVAL},
      {"{kk", "{\"k\"", -EINVAL},
      {"{k}", "{\"k\"", -EINVAL},
      {"{k1s", "{\"k\":1", -EINVAL},
      {"[.", "[", -EINVAL},
      {"{k[]}]", "{\"k\":[]}", -EINVAL},
      {"[}1].1.", "[", -EINVAL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct paper p;
    begin(&p, 1 << 10);
    message(p.out, rows[i].calls);
    pm_buf_add(&p.buf, "", 1);
    check_int(rows[i].calls, "status", pm_json_out_status(p.out),
              rows[i].status);
    check_text(rows[i].calls, "text", p.buf.data, rows[i].want);
    end(&p);
  }
  check_end();
}

static void depth(void **state) {
  (void)state;
  for (int levels = 126; levels <= 129; levels++) {
    struct paper p;
    char row[32];
    snprintf(row, sizeof row, "%d levels", levels);
    begin(&p, 1 << 10);
    for (int i = 0; i < levels; i++)
      message(p.out, "[");
    for (int i = 0; i < levels; i++)
      message(p.out, "]");
    message(p.out, ".");
    check_int(row, "status", pm_json_out_status(p.out),
              levels <= 127 ? 0 : -EMSGSIZE);
    end(&p);
  }
  check_end();
}

/* With every limit from nothing on: what is there is never more, and nothing is
 * written after the first failure. */
static void sticky(void **state) {
  (void)state;
  static const char calls[] = "{k[1sn]kb}.[1].";
  static const char want[] = "{\"k\":[1,\"s\",null],\"k\":true}\n[1]\n";
  for (size_t limit = 0; limit <= strlen(want); limit++) {
    struct paper p;
    char row[32];
    snprintf(row, sizeof row, "%zu bytes", limit);
    begin(&p, limit);
    message(p.out, calls);
    bool fits = limit == strlen(want);
    check_int(row, "status", pm_json_out_status(p.out), fits ? 0 : -EMSGSIZE);
    check_true(row, "not more", p.buf.length <= limit);
    check_bytes(row, "text", p.buf.length ? p.buf.data : "", want,
                p.buf.length);
    size_t length = p.buf.length;
    pm_buf_take(&p.buf, length);
    message(p.out, fits ? "" : "1.");
    check_u64(row, "nothing after it", p.buf.length, 0);
    check_int(row, "still", pm_json_out_status(p.out), fits ? 0 : -EMSGSIZE);
    end(&p);
  }
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  struct pm_buf buf = PM_BUF_INIT(1 << 10);
  size_t nth = 1;
  for (;; nth++) {
    failing_alloc_fail_at(nth);
    struct pm_json_out *out = pm_json_out_new(&buf);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    check_true("new", "none without memory", (out == NULL) == failed);
    pm_json_out_free(out);
    if (!failed)
      break;
  }
  check_u64("new", "allocations", nth, 3);
  struct paper p;
  begin(&p, 1 << 10);
  failing_alloc_fail_at(1);
  pm_json_text(p.out, "x");
  failing_alloc_fail_at(0);
  check_int("writing", "status", pm_json_out_status(p.out), -ENOMEM);
  pm_json_array_end(p.out);
  check_int("writing", "the first stays", pm_json_out_status(p.out), -ENOMEM);
  end(&p);
  check_end();
}

/* ---- out and in again ---- */

static uint64_t draw(uint64_t *seed) {
  *seed = *seed * 6364136223846793005U + 1442695040888963407U;
  return *seed >> 16;
}

/* Good UTF-8 only: what is repaired is not the same. */
static void draw_text(uint64_t *seed, char text[64]) {
  static const char *const pieces[] = {"a",    "/",      "\\",     "\"",
                                       "\n",   "\x01",   "\x7f",   " ",
                                       "u00",  "\u00e4", "\u20ac", "\U0001f600",
                                       "\t{:", "0",      "]},[",   "\r\b\f"};
  size_t count = draw(seed) % 12;
  text[0] = 0;
  for (size_t i = 0; i < count; i++)
    strcat(text, pieces[draw(seed) % CHECK_COUNT(pieces)]);
}

static double draw_real(uint64_t *seed) {
  union {
    uint64_t bits;
    double value;
  } u;
  do
    u.bits = draw(seed) << 32 ^ draw(seed);
  while (!isfinite(u.value));
  return u.value;
}

static void draw_value(struct pm_json_out *out, uint64_t *seed, int levels);

static void draw_outer(struct pm_json_out *out, uint64_t *seed, int levels) {
  bool object = draw(seed) % 2;
  size_t count = draw(seed) % 6;
  if (object)
    pm_json_object(out);
  else
    pm_json_array(out);
  for (size_t i = 0; i < count; i++) {
    char key[80], text[64];
    draw_text(seed, text);
    snprintf(key, sizeof key, "%zu%s", i, text);
    if (object)
      pm_json_key(out, key);
    draw_value(out, seed, levels);
  }
  if (object)
    pm_json_object_end(out);
  else
    pm_json_array_end(out);
}

static void draw_value(struct pm_json_out *out, uint64_t *seed, int levels) {
  char text[64];
  const struct pm_json real = {
      .type = PM_JSON_REAL, .span = 1, .real = draw_real(seed)};
  switch (draw(seed) % (levels > 0 ? 7 : 5)) {
  case 0:
    pm_json_null(out);
    break;
  case 1:
    pm_json_boolean(out, draw(seed) % 2);
    break;
  case 2:
    pm_json_integer(out, (int64_t)(draw(seed) << 32 ^ draw(seed)));
    break;
  case 3:
    pm_json_copy(out, &real);
    break;
  case 4:
    draw_text(seed, text);
    pm_json_text(out, text);
    break;
  default:
    draw_outer(out, seed, levels - 1);
  }
}

static void round_trips(void **state) {
  (void)state;
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  struct pm_json_in *first = pm_json_in_new(&limits),
                    *second = pm_json_in_new(&limits);
  struct paper p;
  begin(&p, 1 << 20);
  assert_non_null(first);
  assert_non_null(second);
  for (uint64_t round = 0; round < 2000; round++) {
    uint64_t seed = round;
    const struct pm_json *a = NULL, *b = NULL;
    char row[32];
    snprintf(row, sizeof row, "seed %u", (unsigned)round);
    p.buf.length = 0;
    draw_value(p.out, &seed, 5);
    pm_json_message_end(p.out);
    size_t length = p.buf.length;
    if (!check_int(row, "first",
                   pm_json_in_read(first, p.buf.data, length, &a, NULL), 0))
      break;
    pm_json_copy(p.out, a);
    pm_json_message_end(p.out);
    check_u64(row, "length", p.buf.length, 2 * length);
    check_bytes(row, "text", p.buf.data, p.buf.data + length, length);
    if (!check_int(
            row, "second",
            pm_json_in_read(second, p.buf.data + length, length, &b, NULL), 0))
      break;
    check_true(row, "same values", json_equal(a, b));
  }
  end(&p);
  pm_json_in_free(first);
  pm_json_in_free(second);
  check_end();
}

static void copied_reals(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *want;
  } rows[] = {
      {1, "1.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e16, "1e+16"},
      {1.0 / 3, "0.3333333333333333"},
      {DBL_MAX, "1.7976931348623157e+308"},
      {123456789012345680.0, "1.2345678901234568e+17"},
  };
  struct paper p;
  begin(&p, 1 << 10);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_json v = {
        .type = PM_JSON_REAL, .span = 1, .real = rows[i].value};
    pm_json_copy(p.out, &v);
    pm_json_message_end(p.out);
    p.buf.length--;
    check_paper(rows[i].want, &p, rows[i].want);
  }
  end(&p);
  check_end();
}

/* Deeper than the generator can: it fails, and does not go on. */
static void copied_too_deep(void **state) {
  (void)state;
  static const struct pm_json_limits limits = {
      .text = 1000, .depth = 200, .elements = 1};
  struct pm_json_in *in = pm_json_in_new(&limits);
  const struct pm_json *v = NULL;
  char text[400];
  struct paper p;
  memset(text, '[', 200);
  memset(text + 200, ']', 200);
  assert_int_equal(pm_json_in_read(in, text, sizeof text, &v, NULL), 0);
  begin(&p, 1 << 10);
  pm_json_copy(p.out, v);
  check_int("200 levels", "status", pm_json_out_status(p.out), -EMSGSIZE);
  check_u64("200 levels", "length", p.buf.length, 127);
  end(&p);
  pm_json_in_free(in);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts),           cmocka_unit_test(keys),
      cmocka_unit_test(numbers),         cmocka_unit_test(locale),
      cmocka_unit_test(orders),          cmocka_unit_test(depth),
      cmocka_unit_test(sticky),          cmocka_unit_test(no_memory),
      cmocka_unit_test(round_trips),     cmocka_unit_test(copied_reals),
      cmocka_unit_test(copied_too_deep),
  };
  return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
