/* The process that a caller means, looked up on the spot. */
#ifndef PM_METHODS_LOOKUP_H
#define PM_METHODS_LOOKUP_H

#include "server/call.h"

/* It is there, the caller may see it, and it is the one that started then
 * (start_time 0: whichever has the pid).  ret has what `want` names and
 * PM_WANT_IDS.  -1: call->failure says why not. */
int pm_lookup_process(struct pm_call *call, int32_t pid, uint64_t start_time,
                      unsigned want, struct pm_detail *ret);

#endif
