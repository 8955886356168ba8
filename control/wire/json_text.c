#include "wire/json_text.h"

#include "wire/utf8.h"

#include <stdbool.h>

enum { ESCAPE = 6 /* \uXXXX */ };

/* The code unit of \uXXXX, or -1 if it is incomplete. */
static long code_unit(const char *text, size_t length) {
  long value = 0;
  if (length < ESCAPE || text[0] != '\\' || text[1] != 'u')
    return -1;
  for (size_t i = 2; i < ESCAPE; i++) {
    char c = text[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

static bool is_high(long u) { return u >= 0xd800 && u <= 0xdbff; }
static bool is_low(long u) { return u >= 0xdc00 && u <= 0xdfff; }

/* Checks the escape at text[*at], a backslash, and moves past it. */
static const char *escape_fault(const char *text, size_t length, size_t *at) {
  const char *e = text + *at;
  size_t left = length - *at;
  long u = code_unit(e, left);
  if (u == 0)
    return "an escaped NUL";
  if (is_low(u) ||
      (is_high(u) && !is_low(code_unit(e + ESCAPE, left - ESCAPE))))
    return "an unpaired surrogate";
  /* libyajl reports bad escapes */
  size_t whole = u < 0 ? 2 : is_high(u) ? 2 * ESCAPE : ESCAPE;
  *at += whole < left ? whole : left;
  return NULL;
}

/* Checks the string at text[*at], a quote, and moves past it. */
static const char *string_fault(const char *text, size_t length, size_t *at) {
  size_t start = (*at)++;
  while (*at < length && text[*at] != '"') {
    if (text[*at] != '\\') {
      ++*at;
      continue;
    }
    const char *why = escape_fault(text, length, at);
    if (why)
      return why;
  }
  if (*at == length) {
    *at = start;
    return "an unterminated string";
  }
  ++*at;
  return NULL;
}

const char *pm_json_text_fault(const char *text, size_t length,
                               size_t *ret_at) {
  size_t good = pm_utf8_good(text, length), at = good < length ? good : 0;
  const char *why = good < length ? "not UTF-8" : NULL;
  while (!why && at < length) {
    if (text[at] == '"')
      why = string_fault(text, length, &at);
    else if (text[at] == '\v' || text[at] == '\f')
      why = "white space that JSON does not allow";
    else
      at++;
  }
  *ret_at = at;
  return why;
}
