/* Rows as JSON, by tables of members: the same tables say what can be asked
 * for, sorted by and described.  Pure. */
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
  bool extra; /* only when it is asked for by name */
  /* One of them; row is what the table is for.  NULL and NaN are null. */
  const char *(*text)(const struct pm_snapshot *snapshot, const void *row);
  double (*number)(const struct pm_snapshot *snapshot, const void *row);
  const char *what;
};

enum { PM_FIELDS_MAX = 32 }; /* members in a table: a mask has room for them */

/* The index in the table, or -1. */
int pm_fields_find(const struct pm_view_field *table, const char *name);
unsigned pm_fields_count(const struct pm_view_field *table);
/* The mask of what is shown unless something else is asked for. */
uint32_t pm_fields_default(const struct pm_view_field *table);
/* "pid, name, ...": all that could be asked for. */
void pm_fields_names(const struct pm_view_field *table, char *ret, size_t size);

/* An object of the members in the mask. */
void pm_fields_put(struct pm_json_out *out, const struct pm_view_field *table,
                   uint32_t mask, const struct pm_snapshot *snapshot,
                   const void *row);
/* The same without the braces: into an object that is open. */
void pm_fields_put_members(struct pm_json_out *out,
                           const struct pm_view_field *table, uint32_t mask,
                           const struct pm_snapshot *snapshot, const void *row);
/* An array that describes the table. */
void pm_fields_describe(struct pm_json_out *out,
                        const struct pm_view_field *table);

/* Ascending; what is not known comes last in either order. */
int pm_fields_compare(const struct pm_view_field *member, bool descending,
                      const struct pm_snapshot *snapshot, const void *a,
                      const void *b);

/* ProcessInfo, of struct pm_snapshot_process; GroupInfo, of struct
 * pm_snapshot_group. */
extern const struct pm_view_field pm_view_process[], pm_view_group[];
/* A status in the wire's words for the letter of stat field 3, or NULL. */
const char *pm_view_process_status(char state);

#endif
