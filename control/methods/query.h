/* What list_processes and list_groups have in common: waiting for a snapshot
 * that is recent enough, sorting, choosing fields, and writing row by row while
 * the client has room.  Part of a method's data; for the control thread only.
 */
#ifndef PM_METHODS_QUERY_H
#define PM_METHODS_QUERY_H

#include "server/call.h"
#include "views/fields.h"

struct pm_query_rows {
  const char *key; /* of the array in the result */
  const struct pm_view_field *table;
  size_t row_size;
  /* Once there is a snapshot.  1: others have their turn, and then it is called
   * again; -1: call->failure says why not.  Or NULL. */
  int (*prepare)(struct pm_call *call);
  const void *(*rows)(const struct pm_call *call, size_t *ret_count);
  /* The field to sort by unless the client says; NULL: not sorted. */
  const char *sort;
  /* Is that row to be listed?  NULL: all are.  So many are asked about before
   * others have their turn (pm_query.at_once). */
  bool (*wanted)(struct pm_call *call, const struct pm_snapshot *snapshot,
                 const void *row);
};

struct pm_query {
  const struct pm_query_rows *of;
  uint64_t not_before; /* mono of the oldest snapshot that is recent enough */
  uint64_t until;      /* mono: when to give up waiting */
  uint32_t mask;
  int sort; /* index in the table, or -1 */
  bool descending;
  size_t limit;
  uint32_t at_once; /* rows that are looked at without a pause; set before
                     * pm_query_start by a method to which they cost much */
  uint32_t *order;  /* rows to write; NULL until they are chosen */
  size_t looked, count, written, total;
};

/* Takes the parameters that both methods have. */
int pm_query_start(struct pm_call *call, struct pm_query *query,
                   const struct pm_query_rows *of,
                   const struct pm_json *params);
void pm_query_step(struct pm_call *call, struct pm_query *query);
enum pm_progress pm_query_more(struct pm_call *call, struct pm_query *query,
                               struct pm_json_out *out);
void pm_query_done(struct pm_query *query);

#endif
