/* As whom an acting verb acts: never as collectd. */
#ifndef PM_POLICY_RUN_AS_H
#define PM_POLICY_RUN_AS_H

#include "server/call.h"

#include "base/hold_protocol.h"

/* As the caller himself; or as the owner of the process, where RunAs lets him
 * and he is somebody else.  -1: call->failure. */
int pm_run_as(struct pm_call *call, enum pm_method_id method,
              const struct pm_detail *process, struct pm_hold_identity *ret);

/* What failed in procman-hold, for the caller. */
void pm_run_as_failed(struct pm_call *call, int32_t pid, int num,
                      enum pm_hold_stage stage);

#endif
