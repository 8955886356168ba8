/* Rows of a snapshot as JSON objects, by tables of fields: the same tables say
 * which fields can be requested and sorted by, and describe them.  Pure. */
#ifndef PM_VIEWS_FIELDS_H
#define PM_VIEWS_FIELDS_H

#include "core/snapshot/snapshot.h"

#include "wire/json_out.h"

enum pm_view_field_kind {
  PM_VIEW_TEXT,
  PM_VIEW_WHOLE, /* a whole number */
  PM_VIEW_REAL,
  PM_VIEW_FLAG,
};

struct pm_view_field {
  const char *name; /* NULL ends a table */
  enum pm_view_field_kind kind;
  bool extra; /* only if requested by name */
  /* One of them is set; row is of the type that the table is for.  NULL and NaN
   * become null. */
  const char *(*text)(const struct pm_snapshot *snapshot, const void *row);
  double (*number)(const struct pm_snapshot *snapshot, const void *row);
  const char *what;
};

enum { PM_FIELDS_MAX = 32 }; /* fields of a table, as a mask has bits */

/* The index in the table, or -1. */
int pm_fields_find(const struct pm_view_field *table, const char *name);
unsigned pm_fields_count(const struct pm_view_field *table);
/* The mask of the fields that are sent unless others are requested. */
uint32_t pm_fields_default(const struct pm_view_field *table);
/* "pid, name, ...": all fields. */
void pm_fields_names(const struct pm_view_field *table, char *ret, size_t size);

/* Writes an object of the fields in the mask. */
void pm_fields_put(struct pm_json_out *out, const struct pm_view_field *table,
                   uint32_t mask, const struct pm_snapshot *snapshot,
                   const void *row);
/* The same into an object that is open already. */
void pm_fields_put_members(struct pm_json_out *out,
                           const struct pm_view_field *table, uint32_t mask,
                           const struct pm_snapshot *snapshot, const void *row);
/* Writes an array that describes the table. */
void pm_fields_describe(struct pm_json_out *out,
                        const struct pm_view_field *table);

/* Compares by one field; unknown values come last in either order. */
int pm_fields_compare(const struct pm_view_field *member, bool descending,
                      const struct pm_snapshot *snapshot, const void *a,
                      const void *b);

/* ProcessInfo, of struct pm_snapshot_process; GroupInfo, of struct
 * pm_snapshot_group. */
extern const struct pm_view_field pm_view_process[], pm_view_group[];
/* The status of the protocol for the letter of stat field 3, or NULL. */
const char *pm_view_process_status(char state);

#endif
