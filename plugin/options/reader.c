#include "options/reader.h"

#include "options/location.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- where it stands ---- */

static const char *first_text(const oconfig_item_t *item) {
  const char *text;
  return item->values_num && pm_value_text(item, 0, &text) ? text : NULL;
}

/* Of the last one that was read of all with this key and value; the file may
 * have had others before. */
static void find_place(const struct pm_reader *r, const oconfig_item_t *item,
                       char *ret, size_t size) {
  const char *value = first_text(item);
  size_t length = strlen(item->key);
  unsigned seen = 0;
  for (size_t i = 0; i < r->seen->count; i++) {
    const char *word = r->seen->word[i];
    if (strncasecmp(word, item->key, length) == 0 && word[length] == ' ' &&
        (!value || strcmp(word + length + 1, value) == 0))
      seen++;
  }
  pm_location(&(struct pm_location_of){item->key, value, seen ? seen - 1 : 0},
              ret, size);
}

/* Without memory another line is named: no reason to refuse anything. */
void pm_reader_visit(const struct pm_reader *r, const oconfig_item_t *item) {
  char text[512];
  const char *value = first_text(item);
  snprintf(text, sizeof text, "%s %s", item->key, value ? value : "");
  (void)pm_words_add(r->seen, text);
}

static void visit_children(const struct pm_reader *r,
                           const oconfig_item_t *item) {
  for (int i = 0; i < item->children_num; i++) {
    pm_reader_visit(r, &item->children[i]);
    visit_children(r, &item->children[i]);
  }
}

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

/* What has the most similar name of all that may stand somewhere. */
struct nearest {
  const char *name;
  size_t distance;
  bool is_block;
  const struct pm_reader *where;
};

static void consider(struct nearest *best, const char *key, const char *name,
                     bool is_block, const struct pm_reader *where) {
  size_t distance = edit_distance(key, name);
  if (!best->name || distance < best->distance)
    *best = (struct nearest){name, distance, is_block, where};
}

/* In the block where the key stands, and in those around it: an inner one is
 * preferred. */
static struct nearest find_nearest(const struct pm_reader *r, const char *key) {
  struct nearest best = {0};
  for (; r; r = r->outer) {
    for (size_t i = 0; i < r->block->count; i++)
      consider(&best, key, r->block->options[i].name, false, r);
    for (size_t i = 0; r->block->blocks && r->block->blocks[i]; i++)
      consider(&best, key, r->block->blocks[i], true, r);
  }
  return best;
}

static void unknown_text(const struct pm_reader *r, const char *key, char *ret,
                         size_t size) {
  struct nearest best = find_nearest(r, key);
  bool here = best.where == r;
  if (best.distance == 0)
    snprintf(ret, size, "%s does not belong into <%s>, but into <%s>", key,
             r->block->name, best.where->block->name);
  else
    snprintf(ret, size,
             "this version does not know the option %s; the nearest that it "
             "knows is %s%s%s%s%s%s",
             key, best.is_block ? "<" : "", best.name, best.is_block ? ">" : "",
             here ? "" : " in <", here ? "" : best.where->block->name,
             here ? "" : ">");
}

static int unknown_option(const struct pm_reader *r,
                          const oconfig_item_t *item) {
  char place[512], what[256], text[sizeof place + 2 + sizeof what];
  find_place(r, item, place, sizeof place);
  unknown_text(r, item->key, what, sizeof what);
  snprintf(text, sizeof text, "%s: %s", place, what);
  if (r->unknown->count++ == 0)
    snprintf(r->unknown->first, sizeof r->unknown->first, "%.255s", text);
  r->log(text);
  visit_children(r, item);
  return 0;
}

struct pm_reader pm_reader_enter(const struct pm_reader *outer,
                                 const struct pm_option_block *block,
                                 uint64_t *given) {
  struct pm_reader inner = *outer;
  inner.block = block;
  inner.given = given;
  inner.outer = outer;
  return inner;
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

int pm_reader_bad_value_as(const struct pm_reader *r,
                           const oconfig_item_t *item, const struct pm_err *why,
                           const char *valid) {
  char place[512], value[128];
  find_place(r, item, place, sizeof place);
  value_text(item, value, sizeof value);
  return pm_err_say(r->err, EINVAL, "%s: %s cannot be %s%s%s; valid: %s", place,
                    item->key, *value ? value : "empty", why->num ? ": " : "",
                    why->text, valid);
}

int pm_reader_bad_value(const struct pm_reader *r, const oconfig_item_t *item,
                        const char *valid) {
  static const struct pm_err no_reason = PM_ERR_INIT;
  return pm_reader_bad_value_as(r, item, &no_reason, valid);
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
  return pm_reader_bad_value_as(r, item, &why, valid);
}

/* Of an option with one value only the last line counts. */
static void warn_of_repetition(const struct pm_reader *r,
                               const oconfig_item_t *item,
                               const struct pm_option *o) {
  char fault[128];
  uint64_t bit = UINT64_C(1) << (o - r->block->options);
  bool again = *r->given & bit;
  *r->given |= bit;
  if (!again || o->adds || o->set == pm_value_set_words)
    return;
  snprintf(fault, sizeof fault,
           "%s is given again: this value replaces the one before", o->name);
  pm_reader_warn(r, item, fault);
}

static void warn_of_doubts(const struct pm_reader *r,
                           const oconfig_item_t *item,
                           const struct pm_option *o) {
  const char *text;
  for (int i = 0; o->doubt && i < item->values_num; i++) {
    struct pm_err why = PM_ERR_INIT;
    if (pm_value_text(item, i, &text) && o->doubt(text, &why) < 0)
      pm_reader_warn(r, item, why.text);
  }
}

int pm_reader_option(const struct pm_reader *r, const oconfig_item_t *item,
                     void *base) {
  pm_reader_visit(r, item);
  for (size_t i = 0; i < r->block->count; i++) {
    const struct pm_option *o = &r->block->options[i];
    if (strcasecmp(o->name, item->key) != 0)
      continue;
    if (item->children_num || !o->set(o, item, (char *)base + o->offset))
      return bad_option(r, item, o);
    warn_of_repetition(r, item, o);
    warn_of_doubts(r, item, o);
    return 0;
  }
  return unknown_option(r, item);
}

int pm_reader_bad_block(const struct pm_reader *r, const oconfig_item_t *block,
                        const char *fault) {
  char place[512];
  find_place(r, block, place, sizeof place);
  return pm_err_say(r->err, EINVAL, "%s: %s", place, fault);
}

void pm_reader_warn(const struct pm_reader *r, const oconfig_item_t *block,
                    const char *fault) {
  char place[512], text[1024];
  find_place(r, block, place, sizeof place);
  snprintf(text, sizeof text, "%s: %s", place, fault);
  r->log(text);
}
