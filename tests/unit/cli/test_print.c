/* What people see: nothing in it acts on the terminal, and columns line up. */
#include "cli/params.h"
#include "cli/table.h"
#include "cli/value.h"

#include "unit/support/check.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *row, *text, *show, *json;
} texts[] = {
    {"plain", "sleep 10", "sleep 10", "sleep 10"},
    {"letters", "h\xc3\xb4te \xe2\x82\xac", "h\xc3\xb4te \xe2\x82\xac",
     "h\xc3\xb4te \xe2\x82\xac"},
    {"escape", "\033[2J", "\\x1b[2J", "\033[2J"},
    {"lines", "a\nb\tc\r", "a\\x0ab\\x09c\\x0d", "a\nb\tc\r"},
    {"DEL", "a\177", "a\\x7f", "a\\u007f"},
    {"C1",
     "\xc2\x9b"
     "1m",
     "\\u{009b}1m", "\\u009b1m"},
    {"behind C1", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
    {"override", "\xe2\x80\xae", "\\u{202e}", "\\u202e"},
    {"isolates", "\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}",
     "\\u2066\\u2069"},
    {"marks", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u{200e}\\u{200f}\\u{061c}",
     "\\u200e\\u200f\\u061c"},
    {"a neighbour of bidi", "\xe2\x80\xaf", "\xe2\x80\xaf", "\xe2\x80\xaf"},
    {"no UTF-8", "a\xff\x9b", "a\\xff\\x9b", "a\xff\x9b"},
    {"four bytes", "\xf0\x9f\x90\x84", "\xf0\x9f\x90\x84", "\xf0\x9f\x90\x84"},
};

static void check_escape(const char *row, const char *text, enum ctl_escape how,
                         const char *want) {
  struct pm_buf buf = PM_BUF_INIT(1000);
  ctl_escape(&buf, text, strlen(text), how);
  pm_buf_add(&buf, "", 1);
  check_text(row, "escaped", buf.data, want);
  pm_buf_done(&buf);
}

static void test_escape(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
    check_escape(texts[i].row, texts[i].text, CTL_ESCAPE_SHOW, texts[i].show);
    check_escape(texts[i].row, texts[i].text, CTL_ESCAPE_JSON, texts[i].json);
  }
  check_end();
}

static const struct {
  double bytes;
  const char *brief, *full;
} sizes[] = {
    {0, "0", "0 B"},
    {999, "999", "999 B"},
    {1000, "1.0K", "1.0 KiB"},
    {1024, "1.0K", "1.0 KiB"},
    {1536, "1.5K", "1.5 KiB"},
    {10189, "10K", "10 KiB"},
    {1023.4 * 1024, "1.0M", "1.0 MiB"},
    {998.0 * 1048576, "998M", "998 MiB"},
    {3.0 * 1073741824, "3.0G", "3.0 GiB"},
    {1e30, "867361737988E", "867361737988 EiB"},
    {NAN, "-", "-"},
    {INFINITY, "-", "-"},
};

static const struct {
  double seconds;
  const char *want;
} durations[] = {
    {-1, "0s"},
    {0.9, "0s"},
    {59, "59s"},
    {60, "1m00s"},
    {3599, "59m59s"},
    {3600, "1h00m"},
    {86399, "23h59m"},
    {86400, "1d00h"},
    {1234567, "14d06h"},
    {NAN, "-"},
    {1e300, "11574074d01h"},
};

static void test_numbers(void **state) {
  char word[CTL_WORD];
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
    ctl_size(sizes[i].bytes, word);
    check_text(sizes[i].brief, "size", word, sizes[i].brief);
    ctl_size_long(sizes[i].bytes, word);
    check_text(sizes[i].brief, "long size", word, sizes[i].full);
  }
  for (size_t i = 0; i < CHECK_COUNT(durations); i++) {
    ctl_duration(durations[i].seconds, word);
    check_text(durations[i].want, "duration", word, durations[i].want);
  }
  ctl_percent(99.96, word);
  check_text("percent", "rounded", word, "100.0");
  ctl_count(NAN, word);
  check_text("count", "not known", word, "-");
  ctl_date(1e300, word);
  ctl_time(-5, word);
  ctl_date(NAN, word);
  check_text("date", "not known", word, "-");
  check_end();
}

static void test_columns(void **state) {
  (void)state;
  check_u64("letters", "columns", ctl_columns("h\xc3\xb4te"), 4);
  check_u64("wide", "columns", ctl_columns("\xe6\xbc\xa2"), 2);
  check_u64("combined", "columns", ctl_columns("e\xcc\x81"), 1);
  check_u64("bad", "columns", ctl_columns("\xff"), 1);
  check_u64("half of a wide one", "bytes", ctl_fitting("a\xe6\xbc\xa2", 2), 1);
  check_u64("all", "bytes", ctl_fitting("abc", 9), 3);
  check_u64("none", "bytes", ctl_fitting("abc", 0), 0);
  check_end();
}

static const struct ctl_column columns[] = {
    {.title = "N", .align = CTL_RIGHT, .least = 3},
    {.title = "NAME"},
    {.title = "WHAT"},
};

static void check_table(const char *row, const struct ctl_screen *screen,
                        const char *want) {
  char *text = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&text, &size);
  struct ctl_table t;
  ctl_table_init(&t, screen, columns, CHECK_COUNT(columns));
  ctl_table_word(&t, "1", "");
  ctl_table_text(&t, "h\xc3\xb4te");
  ctl_table_text(&t, "a line that is long");
  ctl_table_word(&t, "1234", "31");
  ctl_table_text(&t, "b");
  ctl_table_text(&t, "");
  ctl_table_text(&t, NULL);
  ctl_table_text(&t, "\033");
  ctl_table_text(&t, "c");
  ctl_table_print(&t, to);
  ctl_table_done(&t);
  fclose(to);
  check_text(row, "table", text, want);
  free(text);
}

static void test_table(void **state) {
  (void)state;
  check_table("piped", &(struct ctl_screen){.width = 0},
              "   N  NAME  WHAT\n"
              "   1  h\xc3\xb4te  a line that is long\n"
              "1234  b\n"
              "   -  \\x1b  c\n");
  check_table("narrow",
              &(struct ctl_screen){.terminal = true, .width = 20, .utf8 = true},
              "   N  NAME  WHAT\n"
              "   1  h\xc3\xb4te  a line \xe2\x80\xa6\n"
              "1234  b\n"
              "   -  \\x1b  c\n");
  check_table("too narrow", &(struct ctl_screen){.terminal = true, .width = 8},
              "   N  N+\n"
              "   1  h+\n"
              "1234  b\n"
              "   -  \\+\n");
  check_table("hardly any", &(struct ctl_screen){.terminal = true, .width = 2},
              "\n\n1+\n\n");
  check_table("coloured",
              &(struct ctl_screen){.terminal = true, .colour = true},
              "   \033[1mN\033[0m  \033[1mNAME\033[0m  \033[1mWHAT\033[0m\n"
              "   1  h\xc3\xb4te  a line that is long\n"
              "\033[31m1234\033[0m  b\n"
              "   -  \\x1b  c\n");
  check_end();
}

static void test_bars(void **state) {
  static const struct {
    double percent;
    const char *want;
  } rows[] = {{0, "...."},    {50, "##.."}, {100, "####"},
              {1000, "####"}, {-3, "...."}, {NAN, "...."}};
  struct ctl_screen screen = {.terminal = true};
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char *bar = ctl_bar(&screen, rows[i].percent, 4);
    check_text(rows[i].want, "bar", bar, rows[i].want);
    free(bar);
  }
  check_text("plain", "colour", ctl_load_colour(&screen, 99), "");
  screen.colour = true;
  check_text("calm", "colour", ctl_load_colour(&screen, 10), "");
  check_text("busy", "colour", ctl_load_colour(&screen, 99), "31");
  check_end();
}

static void check_params(const char *row, const struct ctl_params *params,
                         const char *want) {
  struct pm_buf buf = PM_BUF_INIT(1000);
  struct pm_json_out *out = pm_json_out_new(&buf);
  ctl_params_put(params, out);
  pm_json_message_end(out);
  pm_buf_add(&buf, "", 1);
  check_text(row, "params", buf.data, want);
  pm_json_out_free(out);
  pm_buf_done(&buf);
}

static void test_params(void **state) {
  static const char *const kinds[] = {"start", "oom"};
  struct ctl_params p = {.count = 0};
  (void)state;
  check_params("none", &p, "{}\n");
  ctl_params_text(&p, "absent", NULL);
  ctl_params_integer(&p, "limit", 3);
  ctl_params_text(&p, "filter.user", "ada");
  ctl_params_text(&p, "filter.group", "web");
  ctl_params_texts(&p, "kinds", kinds, 2);
  check_params("all", &p,
               "{\"limit\":3,\"filter\":{\"user\":\"ada\",\"group\":\"web\"},"
               "\"kinds\":[\"start\",\"oom\"]}\n");
  ctl_params_hint(&p, "limit");
  check_true("what is no hint", "stays", !ctl_params_drop(&p, "filter.user"));
  check_true("a hint", "is dropped", ctl_params_drop(&p, "limit"));
  check_true("a hint", "is gone", !ctl_params_drop(&p, "limit"));
  check_params("fewer", &p,
               "{\"filter\":{\"user\":\"ada\",\"group\":\"web\"},"
               "\"kinds\":[\"start\",\"oom\"]}\n");
  check_end();
}

static void test_reading(void **state) {
  static const char *const bad[] = {
      "", " 1", "+1", "-1", "1x", "0x1", "1 ", "11", "99999999999999999999"};
  int64_t integer = 7;
  double number = 7;
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(bad); i++)
    check_true(bad[i], "is refused",
               !ctl_read_integer(bad[i], 0, 10, &integer));
  check_int("refused", "stays", integer, 7);
  check_true("10", "is read", ctl_read_integer("10", 0, 10, &integer));
  check_int("10", "value", integer, 10);
  check_true("nan", "is refused", !ctl_read_number("nan", 0, 1, &number));
  check_true("1e0", "is refused", !ctl_read_number("1e0", 0, 1, &number));
  check_true(".", "is refused", !ctl_read_number(".", 0, 1, &number));
  check_true("0.25", "is read", ctl_read_number("0.25", 0.25, 1, &number));
  check_real("0.25", "value", number, 0.25);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_escape),  cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_columns), cmocka_unit_test(test_table),
      cmocka_unit_test(test_bars),    cmocka_unit_test(test_params),
      cmocka_unit_test(test_reading),
  };
  setlocale(LC_CTYPE, "C.UTF-8");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
