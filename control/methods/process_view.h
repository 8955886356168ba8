/* One process for the views: that of the last snapshot; or, as no turn
 * has seen it yet, one that is read now. */
#ifndef PM_METHODS_PROCESS_VIEW_H
#define PM_METHODS_PROCESS_VIEW_H

#include "server/call.h"
#include "views/fields.h"

struct pm_process_view {
  struct pm_snapshot_process row;
  struct pm_detail detail; /* of pm_lookup_process, with at least: */
#define PM_PROCESS_VIEW_WANT                                                   \
  (PM_WANT_STAT | PM_WANT_IDS | PM_WANT_OWNER | PM_WANT_CGROUP | PM_WANT_MEMORY)
  bool fresh;        /* the row was read now, it is not the snapshot's */
  char command[256]; /* of a fresh row */
};

/* From call->snapshot and the detail.  -1: call->failure says why not. */
int pm_process_view_choose(struct pm_call *call, int32_t pid,
                           struct pm_process_view *view);
/* The resident memory, where the row's is an approximation. */
void pm_process_view_correct(const struct pm_call *call,
                             struct pm_process_view *view);
/* The snapshot that the row is of: of one that was read now, as if it were of
 * now. */
struct pm_snapshot pm_process_view_frame(const struct pm_call *call,
                                         const struct pm_process_view *view);

#endif
