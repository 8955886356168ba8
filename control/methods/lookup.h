/* The process that a caller means, read at the moment of the call. */
#ifndef PM_METHODS_LOOKUP_H
#define PM_METHODS_LOOKUP_H

#include "server/call.h"

#include "base/hold_protocol.h"

/* 0: it exists, the caller may see it, and it started at start_time (0: any).
 * ret holds what `want` names and PM_WANT_IDS.  If it cannot be read because it
 * blocks whoever reads it, ret->slow is set: ret has only what is safe, and its
 * start is that of the last snapshot.  -1: call->failure says why not. */
int pm_lookup_process(struct pm_call *call, int32_t pid, uint64_t start_time,
                      unsigned want, struct pm_detail *ret);

/* As whom the call may act on a process of that real owner: what the caller is
 * now, and the administrator's grants, decide (policy/run_as.h).  Fills all but
 * the groups, which are the peer's.  -1: call->failure says why not. */
int pm_lookup_identity(struct pm_call *call, uint32_t owner_uid,
                       uint32_t owner_gid, struct pm_hold_identity *ret);

#endif
