#include "options/value.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool pm_value_text(const oconfig_item_t *item, int i, const char **ret) {
  if (item->values[i].type != OCONFIG_TYPE_STRING)
    return false;
  *ret = item->values[i].value.string;
  return true;
}

bool pm_value_set_text(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  const char *text;
  if (item->values_num != 1 || !pm_value_text(item, 0, &text) || !*text)
    return false;
  char *copy = strdup(text);
  if (!copy)
    return false;
  free(*(char **)at);
  *(char **)at = copy;
  return true;
}

bool pm_value_set_word(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  int index;
  return item->values_num == 1 && pm_value_indexes(o, item, &index) == 1 &&
         pm_value_set_text(o, item, at);
}

bool pm_value_set_flag(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  static const char *const words[] = {"false", "true", "no",
                                      "yes",   "off",  "on"};
  if (item->values_num != 1)
    return false;
  if (item->values[0].type == OCONFIG_TYPE_BOOLEAN) {
    *(bool *)at = item->values[0].value.boolean;
    return true;
  }
  const char *text;
  if (!pm_value_text(item, 0, &text))
    return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasecmp(text, words[i]) == 0) {
      *(bool *)at = i & 1;
      return true;
    }
  return false;
}

bool pm_value_set_count(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_NUMBER)
    return false;
  double n = item->values[0].value.number;
  if (!(n >= o->min && n <= o->max) || n != floor(n))
    return false;
  *(uint32_t *)at = (uint32_t)n;
  return true;
}

/* "64M": bytes, or with K, M or G. */
static bool read_size(const char *text, double *ret) {
  static const char units[] = "KMG";
  char *end;
  if (!strspn(text, "0123456789"))
    return false;
  *ret = strtod(text, &end);
  const char *unit = *end ? strchr(units, *end) : NULL;
  for (const char *u = units; unit && u <= unit; u++)
    *ret *= 1024;
  return !*end || (unit && !end[1]);
}

bool pm_value_set_size(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  const double least = 64 << 10, most = ldexp(1, 50);
  const char *text;
  double n;
  (void)o;
  if (item->values_num != 1)
    return false;
  if (item->values[0].type == OCONFIG_TYPE_NUMBER)
    n = item->values[0].value.number;
  else if (!pm_value_text(item, 0, &text) || !read_size(text, &n))
    return false;
  if (!(n >= least && n <= most) || n != floor(n))
    return false;
  *(uint64_t *)at = (uint64_t)n;
  return true;
}

bool pm_value_set_words(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  const char *text;
  for (int i = 0; i < item->values_num; i++)
    if (!pm_value_text(item, i, &text) || !*text ||
        (o->check && o->check(text, NULL) < 0) || pm_words_add(at, text) < 0)
      return false;
  return item->values_num > 0;
}

/* ---- quotes ---- */

static bool is_number(const char *text) {
  char *end;
  strtod(text, &end);
  return end != text && !*end;
}

static bool takes_text_only(const struct pm_option *o) {
  return o->words || o->set == pm_value_set_text ||
         o->set == pm_value_set_words;
}

int pm_value_check_quotes(const struct pm_option *o, const oconfig_item_t *item,
                          struct pm_err *err) {
  const char *text;
  for (int i = 0; i < item->values_num; i++) {
    if (o->set == pm_value_set_count && pm_value_text(item, i, &text) &&
        is_number(text))
      return pm_err_say(err, EINVAL, "a number stands without quotes");
    if (takes_text_only(o) && item->values[i].type != OCONFIG_TYPE_STRING)
      return pm_err_say(err, EINVAL, "a text stands in quotes");
  }
  return 0;
}

/* ---- words out of a list ---- */

static int find_word(const char *const *words, const char *text) {
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], text) == 0)
      return i;
  return -1;
}

int pm_value_indexes(const struct pm_option *o, const oconfig_item_t *item,
                     int *ret) {
  int n = 0;
  for (int i = 0; i < item->values_num; i++) {
    const char *text;
    int index = pm_value_text(item, i, &text) ? find_word(o->words, text) : -1;
    if (index < 0)
      return -1;
    for (int k = 0; k < n; k++)
      if (ret[k] == index)
        return -1;
    ret[n++] = index;
  }
  return n;
}

bool pm_value_is(const oconfig_item_t *item, const char *word) {
  const char *text;
  return item->values_num == 1 && pm_value_text(item, 0, &text) &&
         strcmp(text, word) == 0;
}

/* ---- what would be valid ---- */

struct description {
  char *text;
  size_t size, length;
};

static void append(struct description *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void append(struct description *d, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (d->length < d->size) {
    int n = vsnprintf(d->text + d->length, d->size - d->length, format, args);
    d->length += n > 0 ? (size_t)n : 0;
  }
  va_end(args);
}

/* "a", "b" or "c"; all with commas where more follows or in a list. */
static void append_words(struct description *d, const struct pm_option *o) {
  for (int i = 0; o->words[i]; i++) {
    bool last = !o->words[i + 1] && !o->list && !o->valid;
    append(d, "%s\"%s\"", i == 0 ? "" : last ? " or " : ", ", o->words[i]);
  }
}

void pm_value_describe(const struct pm_option *o, char *ret, size_t size) {
  struct description d = {ret, size, 0};
  *ret = '\0';
  if (o->alone)
    append(&d, "\"%s\", or ", o->alone);
  if (o->list)
    append(&d, "a list of ");
  if (o->words)
    append_words(&d, o);
  if (o->list)
    append(&d, " without repeats");
  if (o->set == pm_value_set_count)
    append(&d, "%u to %u", o->min, o->max);
  if (o->set == pm_value_set_flag)
    append(&d, "true or false");
  if (o->valid)
    append(&d, "%s", o->words ? " or " : "");
  if (o->valid && o->max)
    append(&d, "at most %u ", o->max);
  if (o->valid)
    append(&d, "%s", o->valid);
}
