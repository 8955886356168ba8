#include "views/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int pm_fields_find(const struct pm_view_field *table, const char *name) {
  for (int i = 0; table[i].name; i++)
    if (strcmp(table[i].name, name) == 0)
      return i;
  return -1;
}

unsigned pm_fields_count(const struct pm_view_field *table) {
  unsigned n = 0;
  while (table[n].name)
    n++;
  return n;
}

uint32_t pm_fields_default(const struct pm_view_field *table) {
  uint32_t mask = 0;
  for (int i = 0; table[i].name; i++)
    mask |= table[i].extra ? 0 : UINT32_C(1) << i;
  return mask;
}

void pm_fields_names(const struct pm_view_field *table, char *ret,
                     size_t size) {
  size_t n = 0;
  ret[0] = '\0';
  for (int i = 0; table[i].name && n < size; i++) {
    int k = snprintf(ret + n, size - n, "%s%s", i ? ", " : "", table[i].name);
    n += k > 0 ? (size_t)k : 0;
  }
}

enum { DECIMALS = 3 };

static void put_value(struct pm_json_out *out, const struct pm_view_field *m,
                      const struct pm_snapshot *snapshot, const void *row) {
  if (m->kind == PM_VIEW_TEXT) {
    pm_json_text(out, m->text(snapshot, row));
    return;
  }
  double number = m->number(snapshot, row);
  if (isnan(number))
    pm_json_null(out);
  else if (m->kind == PM_VIEW_WHOLE)
    pm_json_integer(out, (int64_t)number);
  else if (m->kind == PM_VIEW_FLAG)
    pm_json_boolean(out, number > 0);
  else
    pm_json_real(out, number, DECIMALS);
}

void pm_fields_put_members(struct pm_json_out *out,
                           const struct pm_view_field *table, uint32_t mask,
                           const struct pm_snapshot *snapshot,
                           const void *row) {
  for (; mask; mask &= mask - 1) {
    const struct pm_view_field *m = &table[__builtin_ctz(mask)];
    pm_json_key(out, m->name);
    put_value(out, m, snapshot, row);
  }
}

void pm_fields_put(struct pm_json_out *out, const struct pm_view_field *table,
                   uint32_t mask, const struct pm_snapshot *snapshot,
                   const void *row) {
  pm_json_object(out);
  pm_fields_put_members(out, table, mask, snapshot, row);
  pm_json_object_end(out);
}

void pm_fields_describe(struct pm_json_out *out,
                        const struct pm_view_field *table) {
  static const char *const types[] = {[PM_VIEW_TEXT] = "text",
                                      [PM_VIEW_WHOLE] = "integer",
                                      [PM_VIEW_REAL] = "number",
                                      [PM_VIEW_FLAG] = "boolean"};
  pm_json_array(out);
  for (; table->name; table++) {
    pm_json_object(out);
    pm_json_key(out, "name");
    pm_json_text(out, table->name);
    pm_json_key(out, "type");
    pm_json_text(out, types[table->kind]);
    pm_json_key(out, "what");
    pm_json_text(out, table->what);
    pm_json_object_end(out);
  }
  pm_json_array_end(out);
}

static int compare_texts(const char *a, const char *b, int sign) {
  if (!a || !b)
    return !a - !b;
  return sign * strcmp(a, b);
}

static int compare_numbers(double a, double b, int sign) {
  if (isnan(a) || isnan(b))
    return !!isnan(a) - !!isnan(b);
  return sign * ((a > b) - (a < b));
}

int pm_fields_compare(const struct pm_view_field *m, bool descending,
                      const struct pm_snapshot *snapshot, const void *a,
                      const void *b) {
  int sign = descending ? -1 : 1;
  if (m->kind == PM_VIEW_TEXT)
    return compare_texts(m->text(snapshot, a), m->text(snapshot, b), sign);
  return compare_numbers(m->number(snapshot, a), m->number(snapshot, b), sign);
}
