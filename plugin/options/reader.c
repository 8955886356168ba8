#include "options/reader.h"

#include "options/location.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- unknown options ---- */

/* The Levenshtein distance, ignoring case. */
static size_t edit_distance(const char *a, const char *b) {
  enum { MOST = 32 };
  size_t row[MOST + 1], m = strlen(b);
  if (m > MOST)
    return m;
  for (size_t k = 0; k <= m; k++)
    row[k] = k;
  for (size_t i = 1; a[i - 1]; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t k = 1; k <= m; k++) {
      size_t above = row[k];
      size_t best = diagonal + (tolower((unsigned char)a[i - 1]) !=
                                tolower((unsigned char)b[k - 1]));
      if (above + 1 < best)
        best = above + 1;
      if (row[k - 1] + 1 < best)
        best = row[k - 1] + 1;
      row[k] = best;
      diagonal = above;
    }
  }
  return row[m];
}

static const char *nearest(const char *key, const struct pm_option *table,
                           size_t count) {
  const char *best = table[0].name;
  for (size_t i = 1; i < count; i++)
    if (edit_distance(key, table[i].name) < edit_distance(key, best))
      best = table[i].name;
  return best;
}

static int unknown_option(const struct pm_reader *r, const oconfig_item_t *item,
                          const struct pm_option *table, size_t count) {
  char place[512], text[sizeof r->unknown->first + 512];
  pm_location(item, place, sizeof place);
  snprintf(text, sizeof text,
           "%s: this version does not know the option %s; the nearest that it "
           "knows is %s",
           place, item->key, nearest(item->key, table, count));
  if (r->unknown->count++ == 0)
    snprintf(r->unknown->first, sizeof r->unknown->first, "%.255s", text);
  r->log(text);
  return 0;
}

/* ---- values that are not valid ---- */

static void value_text(const oconfig_item_t *item, char *ret, size_t size) {
  size_t n = 0;
  ret[0] = '\0';
  for (int i = 0; i < item->values_num && n < size; i++) {
    const oconfig_value_t *v = &item->values[i];
    const char *gap = i ? " " : "";
    int k = v->type == OCONFIG_TYPE_STRING
                ? snprintf(ret + n, size - n, "%s\"%s\"", gap, v->value.string)
            : v->type == OCONFIG_TYPE_NUMBER
                ? snprintf(ret + n, size - n, "%s%g", gap, v->value.number)
                : snprintf(ret + n, size - n, "%s%s", gap,
                           v->value.boolean ? "true" : "false");
    n += k > 0 ? (size_t)k : 0;
  }
}

static int bad_value(const struct pm_reader *r, const oconfig_item_t *item,
                     const struct pm_err *why, const char *valid) {
  char place[512], value[128];
  pm_location(item, place, sizeof place);
  value_text(item, value, sizeof value);
  return pm_err_say(r->err, EINVAL, "%s: %s cannot be %s%s%s; valid: %s", place,
                    item->key, *value ? value : "empty", why->num ? ": " : "",
                    why->text, valid);
}

int pm_reader_bad_value(const struct pm_reader *r, const oconfig_item_t *item,
                        const char *valid) {
  static const struct pm_err no_reason = PM_ERR_INIT;
  return bad_value(r, item, &no_reason, valid);
}

static int bad_option(const struct pm_reader *r, const oconfig_item_t *item,
                      const struct pm_option *o) {
  struct pm_err why = PM_ERR_INIT;
  char valid[256];
  pm_value_describe(o, valid, sizeof valid);
  pm_value_check_quotes(o, item, &why);
  for (int i = 0; o->check && !why.num && i < item->values_num; i++)
    if (item->values[i].type == OCONFIG_TYPE_STRING)
      o->check(item->values[i].value.string, &why);
  return bad_value(r, item, &why, valid);
}

int pm_reader_option(const struct pm_reader *r, const oconfig_item_t *item,
                     const struct pm_option *table, size_t count, void *base) {
  for (size_t i = 0; i < count; i++) {
    if (strcasecmp(table[i].name, item->key) != 0)
      continue;
    if (item->children_num == 0 &&
        table[i].set(&table[i], item, (char *)base + table[i].offset))
      return 0;
    return bad_option(r, item, &table[i]);
  }
  return unknown_option(r, item, table, count);
}

int pm_reader_bad_block(const struct pm_reader *r, const oconfig_item_t *block,
                        const char *fault) {
  char place[512];
  pm_location(block, place, sizeof place);
  return pm_err_say(r->err, EINVAL, "%s: %s", place, fault);
}

void pm_reader_warn(const struct pm_reader *r, const oconfig_item_t *block,
                    const char *fault) {
  char place[512], text[1024];
  pm_location(block, place, sizeof place);
  snprintf(text, sizeof text, "%s: %s", place, fault);
  r->log(text);
}
